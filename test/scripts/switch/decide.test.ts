import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../scripts/shared/kubernetes.ts';
import { decide } from '../../../scripts/switch/decide.ts';
import type { SwitchRecord } from '../../../scripts/switch/lock/switch-record.ts';
import type { TrafficRouting } from '../../../scripts/switch/routing/traffic-routing.ts';
import type { State } from '../../../scripts/switch/cluster-state/read-state.ts';

const record = (phase: SwitchRecord['phase'], from = 'v1', to = 'v2'): SwitchRecord => ({
  id: '0123abcd',
  from,
  to,
  phase,
  startedAt: '2026-11-23T12:00:00.000Z',
});

function state({
  live = ['v1'],
  versions = ['v1'],
  last,
}: {
  live?: string[];
  versions?: string[];
  last?: SwitchRecord;
}): State {
  return {
    service: { metadata: { name: 'coffee-shop' }, spec: {} },
    lastSeen: { routesName: { kind: 'VirtualService', name: 'coffee-routes' } } as TrafficRouting,
    target: { host: 'coffee-shop.default.svc.cluster.local', namespace: 'default' },
    live: live.map((subset) => ({ subset, weight: 100 / live.length })),
    deployments: versions.map((version) => ({
      version,
      deployment: { metadata: { name: `coffee-shop-${version}` } } as Deployment,
    })),
    record: last,
  };
}
const to = (version: string | undefined, undo = false) => ({ app: 'coffee-shop', to: version, undo });

describe('decide', () => {
  it('says who serves what where the traffic is divided and there is nothing to undo', () => {
    expect(decide(state({ live: ['v1', 'v2'] }), to(undefined, true))).toMatchObject({
      kind: 'nothing',
      message: 'There is nothing to undo: v1 serves 50 % and v2 50 % of all traffic of coffee-shop.',
    });
  });

  it('begins from whoever serves now', () => {
    expect(decide(state({}), to('v2'))).toEqual({ kind: 'switch', from: 'v1', to: 'v2', record: undefined });
  });

  it('does nothing when the version serves already', () => {
    expect(decide(state({ live: ['v2'] }), to('v2'))).toMatchObject({ kind: 'nothing', live: 'v2' });
  });

  it('continues a killed run, also when the route has been shifted already', () => {
    const last = record('running');
    for (const live of ['v1', 'v2']) {
      expect(decide(state({ live: [live], last }), to('v2'))).toEqual({
        kind: 'switch',
        from: 'v1',
        to: 'v2',
        record: last,
      });
    }
  });

  it.each(['running', 'undoing'] as const)('never begins a second switch while one is %s', (phase) => {
    const decision = decide(state({ live: ['v1'], last: record(phase) }), to('v3'));
    expect(decision).toMatchObject({ kind: 'refuse' });
    expect(decision).toHaveProperty(
      'message',
      expect.stringMatching(/half done .*--to v2, or .*--to v2 --undo$/),
    );
  });

  it('offers no way back from what is half done when the old version is gone', () => {
    const last = record('running');
    expect(decide(state({ live: ['v2'], versions: ['v2'], last }), to('v3'))).toMatchObject({
      kind: 'refuse',
      message: expect.stringMatching(/half done .*Finish it with: npm run switch -- --to v2$/) as unknown,
    });
  });

  it('refuses a share nobody of ours made, and a route without subsets', () => {
    expect(decide(state({ live: ['v1', 'v2'] }), to('v3'))).toMatchObject({ kind: 'refuse' });
    expect(decide(state({ live: [''] }), to('v2'))).toMatchObject({ kind: 'refuse' });
    expect(decide(state({ live: [] }), to('v2'))).toMatchObject({ kind: 'refuse' });
  });

  it('takes back what is half done, and a finished switch whose old version was kept', () => {
    const running = record('running');
    expect(decide(state({ last: running }), to(undefined, true))).toMatchObject({
      kind: 'undo',
      from: 'v1',
      to: 'v2',
    });
    const kept = { live: ['v2'], versions: ['v1', 'v2'], last: record('switched') };
    expect(decide(state(kept), to('v2', true))).toMatchObject({ kind: 'undo', from: 'v1', to: 'v2' });
  });

  it('has nothing to undo after the end, and says how to go back then', () => {
    const over = state({ live: ['v2'], versions: ['v2'], last: record('switched') });
    const decision = decide(over, to('v2', true));
    expect(decision).toMatchObject({ kind: 'refuse' });
    expect(decision).toHaveProperty('message', expect.stringContaining('npm run switch -- --to v1'));
  });

  it('has nothing to undo where nothing was begun', () => {
    expect(decide(state({}), to('v2', true))).toMatchObject({ kind: 'nothing', live: 'v1' });
    expect(decide(state({ last: record('undone') }), to('v2', true))).toMatchObject({ kind: 'nothing' });
  });

  it('does not take back another switch than the one named', () => {
    expect(decide(state({ last: record('running') }), to('v7', true))).toMatchObject({ kind: 'refuse' });
  });
});
