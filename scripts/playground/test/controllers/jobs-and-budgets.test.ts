import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startControllers } from '../../controllers/index.ts';
import type { Pod } from '../../pod-types.ts';
import { createStore } from '../../storage/store.ts';
import type { KubeObject, ObjectStore } from '../../storage/types.ts';
import { startInstantKubelet, type InstantKubelet } from '../support/instant-kubelet.ts';

let store: ObjectStore;
let controllers: { close(): void };
let kubelet: InstantKubelet;

beforeEach(() => {
  store = createStore();
  kubelet = startInstantKubelet(store);
  controllers = startControllers(store, { delays: { reaction: 0, scheduling: 0, endpointSlice: 0 } });
});
afterEach(() => {
  controllers.close();
  kubelet.close();
});

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not reached: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const pods = (): Pod[] => store.list<Pod>('v1/pods', { namespace: 'default' });

function finish(pod: Pod, phase: 'Succeeded' | 'Failed'): void {
  store.mutate<Pod>(
    'v1/pods',
    'default',
    pod.metadata.name,
    (draft) => {
      draft.status = { ...draft.status, phase };
    },
    { subresource: 'status' },
  );
}

describe('a Job', () => {
  const status = (): Record<string, unknown> =>
    (store.get('batch/v1/jobs', 'default', 'smoke')?.status ?? {}) as Record<string, unknown>;
  const ended = (type: string): boolean =>
    ((status()['conditions'] ?? []) as { type: string; status: string }[]).some(
      (one) => one.type === type && one.status === 'True',
    );

  function create(spec: Record<string, unknown>): void {
    store.create('batch/v1/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'smoke', namespace: 'default' },
      spec: {
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'test', image: 'test' }] } },
        ...spec,
      },
    });
  }

  it('runs one pod to its success', async () => {
    create({});
    await until('pod', () => pods()[0]?.status?.phase === 'Running');
    await until('active', () => status()['active'] === 1);
    pods().forEach((pod) => finish(pod, 'Succeeded'));
    await until('complete', () => ended('Complete'));
    expect(status()).toMatchObject({ succeeded: 1, ready: 0 });
    expect(pods()).toHaveLength(1);
  });

  it('runs as many at once as it may until enough have succeeded', async () => {
    create({ completions: 3, parallelism: 2 });
    const most: number[] = [];
    const stop = store.watch<Pod>('v1/pods', {}, () =>
      most.push(pods().filter(({ status: one }) => one?.phase !== 'Succeeded').length),
    );
    while (!ended('Complete')) {
      pods()
        .filter(({ status: one }) => one?.phase === 'Running')
        .forEach((pod) => finish(pod, 'Succeeded'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    stop();
    expect(Math.max(...most)).toBe(2);
    expect(pods()).toHaveLength(3);
  });

  it('fails when more pods fail than it may lose', async () => {
    create({ backoffLimit: 0 });
    await until('pod', () => pods()[0]?.status?.phase === 'Running');
    pods().forEach((pod) => finish(pod, 'Failed'));
    await until('failed', () => ended('Failed'));
    expect(pods()).toHaveLength(1);
  });
});

describe('a PodDisruptionBudget', () => {
  const allowed = (name: string): number | undefined =>
    store.get<KubeObject<unknown, { disruptionsAllowed: number }>>(
      'policy/v1/poddisruptionbudgets',
      'default',
      name,
    )?.status?.disruptionsAllowed;

  it.each([
    [{ minAvailable: 2 }, 1],
    [{ minAvailable: '50%' }, 1],
    [{ maxUnavailable: 1 }, 1],
    [{ maxUnavailable: '100%' }, 3],
    [{ minAvailable: 3 }, 0],
  ])('of three pods with %j allows %d evictions', async (spec, evictions) => {
    store.create('policy/v1/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    });
    store.create('apps/v1/replicasets', {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'app', image: 'app' }] },
        },
      },
    });
    const healthy = (): number | undefined =>
      store.get<KubeObject<unknown, { currentHealthy: number }>>(
        'policy/v1/poddisruptionbudgets',
        'default',
        'web',
      )?.status?.currentHealthy;
    await until('all healthy', () => healthy() === 3);
    expect(allowed('web')).toBe(evictions);
  });
});
