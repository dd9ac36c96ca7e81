import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startControllers } from '../../controllers/index.ts';
import type { Deployment, ReplicaSet } from '../../controllers/workload-types.ts';
import type { EndpointSlice } from '../../network/endpoint-rules.ts';
import type { Pod } from '../../pod-types.ts';
import { createStore } from '../../storage/store.ts';
import type { ObjectStore } from '../../storage/types.ts';
import { startInstantKubelet, type InstantKubelet } from '../support/instant-kubelet.ts';

let store: ObjectStore;
let controllers: { close(): void };
let kubelet: InstantKubelet;

beforeEach(() => {
  store = createStore();
  kubelet = startInstantKubelet(store);
  controllers = startControllers(store, {
    delays: { reaction: 0, scheduling: 0, endpointSlice: 0, autoscaler: 0 },
  });
});
afterEach(() => {
  controllers.close();
  kubelet.close();
});

const template = (version: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'app', image: `app:${version}`, ports: [{ name: 'http', containerPort: 8080 }] }],
  },
});

function create(spec: Record<string, unknown> = {}): void {
  store.create('apps/v1/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: template('1'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      ...spec,
    },
  });
}
const deployment = (): Deployment =>
  store.get<Deployment>('apps/v1/deployments', 'default', 'web') as Deployment;
const sets = (): ReplicaSet[] => store.list<ReplicaSet>('apps/v1/replicasets', { namespace: 'default' });
const pods = (): Pod[] => store.list<Pod>('v1/pods', { namespace: 'default' });
const change = (edit: (spec: NonNullable<Deployment['spec']>) => void): void =>
  void store.mutate<Deployment>('apps/v1/deployments', 'default', 'web', (draft) => {
    if (draft.spec) edit(draft.spec);
  });
const condition = (type: string) => deployment().status?.conditions?.find((one) => one.type === type);

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline)
      throw new Error(`not reached: ${what}; ${JSON.stringify(deployment().status)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function complete(): Promise<void> {
  await until('rolled out', () => {
    const { status, spec, metadata } = deployment();
    return (
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === spec?.replicas &&
      status?.availableReplicas === spec?.replicas &&
      status?.replicas === spec?.replicas &&
      condition('Progressing')?.reason === 'NewReplicaSetAvailable'
    );
  });
}

describe('a Deployment', () => {
  it('becomes a ReplicaSet and its pods, and says so', async () => {
    create();
    await complete();
    const [set] = sets();
    expect(set?.metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    });
    expect(deployment().metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(deployment().metadata.generation).toBe(1);
    const hash = set?.metadata.labels?.['pod-template-hash'];
    expect(set?.metadata.name).toBe(`web-${hash ?? ''}`);
    expect(pods().map(({ metadata }) => metadata.labels)).toEqual([
      { app: 'web', 'pod-template-hash': hash },
      { app: 'web', 'pod-template-hash': hash },
    ]);
    expect(condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
  });

  it('rolls out with maxSurge 1 and maxUnavailable 0: never more than one above, never one below', async () => {
    create();
    await complete();
    const sizes: number[] = [];
    const stop = store.watch('apps/v1/replicasets', {}, () => {
      const wanted = sets().reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0);
      const ready = pods().filter(
        ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.podIP !== undefined,
      ).length;
      sizes.push(wanted);
      expect(ready).toBeGreaterThanOrEqual(2);
    });
    change((spec) => (spec.template = template('2')));
    await complete();
    stop();
    expect(Math.max(...sizes)).toBe(3);
    expect(
      sets()
        .map(({ spec }) => spec?.replicas)
        .sort(),
    ).toEqual([0, 2]);
    await until('old pods gone', () => pods().length === 2);
    expect(pods().every(({ spec }) => spec?.containers[0]?.image === 'app:2')).toBe(true);
    const scaled = store
      .list('v1/events')
      .filter((event) => event['reason'] === 'ScalingReplicaSet')
      .map((event) => String(event['message']).replace(/web-\w+/, 'SET'));
    expect(scaled).toEqual([
      'Scaled up replica set SET from 0 to 2',
      'Scaled up replica set SET from 0 to 1',
      'Scaled down replica set SET from 2 to 1',
      'Scaled up replica set SET from 1 to 2',
      'Scaled down replica set SET from 1 to 0',
    ]);
  });

  it('stops with the old pods serving when the new ones do not become ready, and reports the deadline', async () => {
    create({ progressDeadlineSeconds: 1 });
    await complete();
    kubelet.makeReady = false;
    change((spec) => (spec.template = template('2')));
    await until('deadline', () => condition('Progressing')?.reason === 'ProgressDeadlineExceeded');
    expect(
      sets()
        .map(({ spec }) => spec?.replicas)
        .sort(),
    ).toEqual([1, 2]);
    expect(condition('Available')?.status).toBe('True');
    expect(deployment().status).toMatchObject({ unavailableReplicas: 1, updatedReplicas: 1, replicas: 3 });
  });

  it('goes back to an earlier template by its ReplicaSet, with a new revision', async () => {
    create();
    await complete();
    const [first] = sets();
    change((spec) => (spec.template = template('2')));
    await complete();
    change((spec) => (spec.template = template('1')));
    await complete();
    const back = sets().find(({ metadata }) => metadata.uid === first?.metadata.uid);
    expect(back?.spec?.replicas).toBe(2);
    expect(back?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
    expect(sets()).toHaveLength(2);
  });

  it('changes its size without a rollout', async () => {
    create();
    await complete();
    change((spec) => (spec.replicas = 5));
    await complete();
    expect(pods()).toHaveLength(5);
    change((spec) => (spec.replicas = 1));
    await complete();
    await until('one pod', () => pods().length === 1);
    expect(sets()).toHaveLength(1);
  });

  it('of strategy Recreate starts new pods only when every old one is gone', async () => {
    create({ strategy: { type: 'Recreate' } });
    await complete();
    const mixed: boolean[] = [];
    const stop = store.watch('v1/pods', {}, () =>
      mixed.push(new Set(pods().map(({ spec }) => spec?.containers[0]?.image)).size > 1),
    );
    change((spec) => (spec.template = template('2')));
    await complete();
    stop();
    expect(mixed.includes(true)).toBe(false);
    expect(pods().every(({ spec }) => spec?.containers[0]?.image === 'app:2')).toBe(true);
  });

  it('that is paused takes a new template but does not roll it out until it is resumed', async () => {
    create();
    await complete();
    change((spec) => (spec.paused = true));
    await until('paused', () => condition('Progressing')?.reason === 'DeploymentPaused');
    change((spec) => (spec.template = template('2')));
    await until('seen', () => deployment().status?.observedGeneration === deployment().metadata.generation);
    expect(sets()).toHaveLength(1);
    change((spec) => delete spec.paused);
    await complete();
    expect(sets()).toHaveLength(2);
  });

  it('says in its status why pods are not created, and no more once they are', async () => {
    store.create('v1/limitranges', {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'small', namespace: 'default' },
      spec: { limits: [{ type: 'Pod', min: { memory: '1Gi' } }] },
    });
    create();
    await until('the reason', () => condition('ReplicaFailure') !== undefined);
    expect(condition('ReplicaFailure')).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: expect.stringMatching(/is forbidden: minimum memory usage per Pod is 1Gi/) as unknown,
    });
    store.delete('v1/limitranges', 'default', 'small');
    await until('both pods', () => deployment().status?.availableReplicas === 2);
    await until('no reason', () => condition('ReplicaFailure') === undefined);
  });

  it('keeps no more old ReplicaSets than its history limit', async () => {
    create({ revisionHistoryLimit: 1 });
    for (const version of ['2', '3', '4']) {
      await complete();
      change((spec) => (spec.template = template(version)));
    }
    await complete();
    await until('history trimmed', () => sets().length === 2);
    expect(
      sets()
        .map(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'])
        .sort(),
    ).toEqual(['3', '4']);
  });

  it('counts a pod as available only after minReadySeconds', async () => {
    create({ replicas: 1, minReadySeconds: 2 });
    await until('ready', () => deployment().status?.readyReplicas === 1);
    expect(deployment().status?.availableReplicas).toBeUndefined();
    await complete();
    const readyAt = Date.parse(pods()[0]?.status?.conditions?.[0]?.lastTransitionTime ?? '');
    expect(Date.now() - readyAt).toBeGreaterThanOrEqual(2_000);
  });

  it('takes its pods along when it is deleted', async () => {
    create();
    await complete();
    store.delete('apps/v1/deployments', 'default', 'web');
    await until('all gone', () => sets().length === 0 && pods().length === 0);
  });

  it('is kept within the bounds of its autoscaler', async () => {
    create();
    await complete();
    store.create('autoscaling/v2/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 3,
        maxReplicas: 4,
      },
    });
    await until('minimum', () => deployment().spec?.replicas === 3);
    change((spec) => (spec.replicas = 9));
    await until('maximum', () => deployment().spec?.replicas === 4);
  });
});

describe('a ReplicaSet', () => {
  it('replaces a pod at the moment of its deletion, adopts orphans and lets go of relabelled pods', async () => {
    create();
    await complete();
    const [first] = pods();
    store.mutate<Pod>(
      'v1/pods',
      'default',
      first?.metadata.name ?? '',
      (draft) => (draft.metadata.labels = { app: 'other' }),
    );
    await until('replaced', () => pods().length === 3);
    expect(
      store.get<Pod>('v1/pods', 'default', first?.metadata.name ?? '')?.metadata.ownerReferences,
    ).toBeUndefined();
    const [set] = sets();
    store.mutate<Pod>(
      'v1/pods',
      'default',
      first?.metadata.name ?? '',
      (draft) => (draft.metadata.labels = set?.spec?.template.metadata?.labels ?? {}),
    );
    await until('adopted, and one too many removed', () => pods().length === 2);
    expect(pods().every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === set?.metadata.uid)).toBe(
      true,
    );
  });
});

describe('the EndpointSlices of a Service', () => {
  const slices = (): EndpointSlice[] =>
    store.list<EndpointSlice>('discovery.k8s.io/v1/endpointslices', { namespace: 'default' });

  it('are there before any pod, name the pods with the number of their port, and lose what is gone', async () => {
    store.create('v1/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    });
    await until('empty slice', () => slices().length === 1);
    expect(slices()[0]).toMatchObject({ endpoints: null, ports: null });
    create();
    await complete();
    await until('both', () => slices()[0]?.endpoints?.length === 2);
    expect(slices()[0]?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    expect(slices()[0]?.endpoints?.[0]?.conditions).toEqual({
      ready: true,
      serving: true,
      terminating: false,
    });
    change((spec) => (spec.replicas = 1));
    await until('one', () => slices()[0]?.endpoints?.length === 1);
    store.delete('v1/services', 'default', 'web');
    await until('none', () => slices().length === 0);
  });
});
