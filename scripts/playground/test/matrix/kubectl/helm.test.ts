import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Bench } from '../../kubectl/support/matrix.ts';
import { findTools } from '../../../../../test/support/tools/tools.ts';

const chart = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../kubectl/support/chart');
const tools = await findTools();
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';

describe('real helm', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `installs a chart, upgrades it and waits, rolls it back and takes it away${why}`,
    async () => {
      if (typeof tools === 'string') return;
      const bench = await Bench.start(tools);
      const helm = async (...args: string[]) => {
        const ran = await bench.helm([...args, '--namespace', 'default']);
        if (ran.exit !== 0) throw new Error(`helm ${args.join(' ')}: ${ran.stderr}`);
        return ran.stdout;
      };
      const version = async () =>
        (await bench.kubectl(['get', 'configmap', 'shop', '-o', 'jsonpath={.data.version}'])).stdout;
      const ready = async () =>
        (
          await bench.kubectl([
            'get',
            'deploy',
            'shop',
            '-o',
            'jsonpath={.status.readyReplicas}/{.spec.replicas}',
          ])
        ).stdout;
      try {
        expect(await helm('install', 'shop', chart, '--wait', '--timeout', '60s')).toContain(
          'STATUS: deployed',
        );
        expect([await version(), await ready()]).toEqual(['v1', '1/1']);
        await helm('upgrade', 'shop', chart, '--wait', '--timeout', '60s', '--set', 'version=v2,replicas=2');
        expect([await version(), await ready()]).toEqual(['v2', '2/2']);
        await helm('rollback', 'shop', '1', '--wait', '--timeout', '60s');
        expect([await version(), await ready()]).toEqual(['v1', '1/1']);
        expect((await helm('history', 'shop')).match(/superseded|deployed/g)).toEqual([
          'superseded',
          'superseded',
          'deployed',
        ]);
        await helm('uninstall', 'shop', '--wait', '--timeout', '60s');
        const { stdout } = await bench.kubectl(['get', 'deploy,svc,configmap,secret', '-o', 'name']);
        expect(stdout.trim().split('\n')).toEqual(['service/kubernetes', 'configmap/kube-root-ca.crt']);
      } finally {
        await bench.close();
      }
    },
    180_000,
  );
});
