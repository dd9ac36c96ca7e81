import { describe, expect, it } from '@jest/globals';
import { createPodLanes } from '../../../../scripts/demo/observe/pod-lanes.ts';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';

function pod(change: { ready?: boolean; deleted?: boolean; ended?: string[] } = {}): Pod {
  const terminated = (name: string) => ({
    name,
    state: change.ended?.includes(name) ? { terminated: { exitCode: 0 } } : { running: {} },
  });
  return {
    metadata: {
      name: 'coffee-shop-abc',
      uid: 'u1',
      labels: { version: 'v1' },
      ...(change.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [{ name: 'coffee-shop' }], initContainers: [{ name: 'istio-proxy' }] },
    status: {
      podIP: '127.1.0.4',
      conditions: [{ type: 'Ready', status: change.ready ? 'True' : 'False' }],
      containerStatuses: [terminated('coffee-shop')],
      initContainerStatuses: [terminated('istio-proxy')],
    },
  };
}

describe('the lanes of pods', () => {
  it('follow a pod from its start to its end, each state once', () => {
    const lanes = createPodLanes();
    lanes.observe({ type: 'ADDED', object: pod() }, 100);
    lanes.observe({ type: 'MODIFIED', object: pod() }, 150);
    lanes.observe({ type: 'MODIFIED', object: pod({ ready: true }) }, 200);
    lanes.observe({ type: 'MODIFIED', object: pod({ ready: false }) }, 250);
    lanes.observe({ type: 'MODIFIED', object: pod({ deleted: true, ready: true }) }, 300);
    lanes.observe({ type: 'MODIFIED', object: pod({ deleted: true, ended: ['istio-proxy'] }) }, 400);
    lanes.observe(
      { type: 'MODIFIED', object: pod({ deleted: true, ended: ['istio-proxy', 'coffee-shop'] }) },
      500,
    );
    lanes.observe({ type: 'DELETED', object: pod({ deleted: true }) }, 600);
    expect(lanes.lanes()).toEqual([
      {
        name: 'coffee-shop-abc',
        version: 'v1',
        address: '127.1.0.4',
        changes: [
          { atMs: 100, state: 'starting' },
          { atMs: 200, state: 'ready' },
          { atMs: 250, state: 'not ready' },
          { atMs: 300, state: 'draining' },
          { atMs: 600, state: 'gone' },
        ],
        proxyEndedAtMs: 400,
        appEndedAtMs: 500,
      },
    ]);
  });

  it('put a quiet that was told late where it belongs', () => {
    const lanes = createPodLanes();
    lanes.observe({ type: 'ADDED', object: pod({ ready: true }) }, 0);
    lanes.observe({ type: 'MODIFIED', object: pod({ deleted: true }) }, 100);
    lanes.observe({ type: 'DELETED', object: pod({ deleted: true }) }, 900);
    lanes.quiet('coffee-shop-abc', 500);
    lanes.quiet('somebody-else', 500);
    expect(lanes.lanes()[0]?.changes.map(({ state }) => state)).toEqual([
      'ready',
      'draining',
      'quiet',
      'gone',
    ]);
  });

  it('are let go of when their pods have been gone for long', () => {
    const lanes = createPodLanes();
    lanes.observe({ type: 'ADDED', object: pod({ ready: true }) }, 0);
    lanes.observe({ type: 'DELETED', object: pod({ deleted: true }) }, 900);
    expect([lanes.forget(900), lanes.lanes().length]).toEqual([[], 1]);
    expect([lanes.forget(901), lanes.lanes().length]).toEqual([['u1'], 0]);
  });
});
