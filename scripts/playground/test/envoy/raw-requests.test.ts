import { expect, it } from '@jest/globals';
import { ALL_WELL, startAttackedPlayground } from '../../../../test/support/attacked-playground.ts';
import { throwAllAt } from '../../../../test/support/raw-requests.ts';
import { describeWithEnvoy } from './support/envoy.ts';

describeWithEnvoy('raw requests at every port of a playground with real Envoys', (envoyBinary) => {
  it('end no process, and leave every function working', async () => {
    const playground = await startAttackedPlayground(['--mesh', 'envoy'], { ENVOY_BIN: envoyBinary });
    try {
      const processes = playground.processes();
      await throwAllAt(playground.ports());
      expect(playground.stderr()).not.toMatch(/ListenerFault|broke and has ended/);
      expect(playground.processes()).toEqual(processes);
      expect(await playground.useAll()).toEqual(ALL_WELL);
    } finally {
      await playground.close();
    }
  }, 300_000);
});
