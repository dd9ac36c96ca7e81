import { describe, expect, it } from '@jest/globals';
import { createStore, type MemoryStore } from '../../storage/store.ts';
import { StatusError } from '../../apiserver/status-error.ts';
import type { KubeObject, WatchEvent } from '../../storage/types.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

const deployment = (name: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'shop:1' }] },
    },
    ...spec,
  },
});

const pod = (name: string, more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { nodeName: 'node1', containers: [{ name: 'app', image: 'shop:1' }], ...more },
});

const ownedBy = (owner: KubeObject, blockOwnerDeletion = true) => [
  {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion,
  },
];

function statusOf(work: () => unknown): StatusError['status'] {
  try {
    work();
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error('expected a StatusError');
}

function record(store: MemoryStore, resource: string): WatchEvent[] {
  const events: WatchEvent[] = [];
  store.watch(resource, {}, (event) => events.push(event));
  return events;
}

it('keeps nothing of metadata that hold nothing, as kubectl sends them', () => {
  const store = createStore();
  const { labels, annotations, finalizers } = { labels: {}, annotations: {}, finalizers: [] as string[] };
  const metadata = { name: 'a', namespace: 'default', labels, annotations, finalizers };
  const made = store.create('v1/configmaps', { ...configMap('a'), metadata });
  expect(Object.keys(made.metadata)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/labels|annotations|finalizers/)]),
  );
  const again = store.update('v1/configmaps', { ...made, metadata: { ...made.metadata, annotations } });
  expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
});

describe('resourceVersion', () => {
  it('goes up by one with every write of any resource and is never reused', () => {
    const store = createStore();
    const before = Number(store.resourceVersion);
    const a = store.create('v1/configmaps', configMap('a'));
    const b = store.create('apps/v1/deployments', deployment('b'));
    expect([Number(a.metadata.resourceVersion), Number(b.metadata.resourceVersion)]).toEqual([
      before + 1,
      before + 2,
    ]);
  });

  it('stays when a write changes nothing, and no event is sent', async () => {
    const store = createStore();
    const created = store.create('v1/configmaps', configMap('a', { x: '1' }));
    const events = record(store, 'v1/configmaps');
    const same = store.mutate('v1/configmaps', 'default', 'a', () => undefined);
    await settled();
    expect(same?.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    expect(events).toHaveLength(1);
  });

  it('refuses an update that was read before somebody else wrote', () => {
    const store = createStore();
    const read = store.create<KubeObject & { data: Record<string, string> }>(
      'v1/configmaps',
      configMap('a', { x: '1' }),
    );
    store.mutate<typeof read>('v1/configmaps', 'default', 'a', (draft) => (draft.data['x'] = '2'));
    expect(statusOf(() => store.update('v1/configmaps', { ...read, data: { x: '3' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('is demanded by Leases, which know no unconditional update', () => {
    const store = createStore();
    const lease = store.create('coordination.k8s.io/v1/leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'lock', namespace: 'default' },
      spec: { holderIdentity: 'a' },
    });
    const blind = { ...lease, metadata: { ...lease.metadata, resourceVersion: '' } };
    expect(statusOf(() => store.update('coordination.k8s.io/v1/leases', blind))).toMatchObject({
      code: 422,
      message:
        'leases.coordination.k8s.io "lock" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
  });
});

describe('objects', () => {
  it('are frozen snapshots', () => {
    const stored = createStore().create<KubeObject & { data: Record<string, string> }>(
      'v1/configmaps',
      configMap('a', { x: '1' }),
    );
    expect(() => (stored.data['x'] = '2')).toThrow(TypeError);
  });

  it('get a name of five random characters for a generateName', () => {
    const store = createStore();
    const stored = store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'gen-', namespace: 'default' },
    });
    expect(stored.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('get the defaults of the API server', () => {
    const stored = createStore().create('apps/v1/deployments', deployment('web'));
    expect(stored).toMatchObject({
      metadata: { generation: 1 },
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: {
          spec: {
            terminationGracePeriodSeconds: 30,
            restartPolicy: 'Always',
            containers: [{ imagePullPolicy: 'IfNotPresent' }],
          },
        },
      },
      status: {},
    });
  });

  it('cannot be made twice, nor in a namespace that does not exist, nor of an unknown type', () => {
    const store = createStore();
    store.create('v1/configmaps', configMap('a'));
    expect(statusOf(() => store.create('v1/configmaps', configMap('a')))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
    const elsewhere = { ...configMap('a'), metadata: { name: 'a', namespace: 'none' } };
    expect(statusOf(() => store.create('v1/configmaps', elsewhere))).toMatchObject({
      code: 404,
      message: 'namespaces "none" not found',
    });
    expect(statusOf(() => store.list('v1/cookies'))).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
    });
  });

  it('are refused with every fault named at once', () => {
    const faulty = deployment('web', { replicas: -1, selector: { matchLabels: { app: 'other' } } });
    expect(statusOf(() => createStore().create('apps/v1/deployments', faulty))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message:
        'Deployment.apps "web" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`]',
    });
  });

  it('count generations when the wish changes, not when the status does', () => {
    const store = createStore();
    store.create('apps/v1/deployments', deployment('web'));
    type Web = KubeObject<{ replicas: number }, { replicas?: number }>;
    const scaled = store.mutate<Web>(
      'apps/v1/deployments',
      'default',
      'web',
      (draft) => (draft.spec = { ...(draft.spec as { replicas: number }), replicas: 3 }),
    );
    const reported = store.mutate<Web>(
      'apps/v1/deployments',
      'default',
      'web',
      (draft) => (draft.status = { replicas: 3 }),
      { subresource: 'status' },
    );
    expect(scaled?.metadata.generation).toBe(2);
    expect(reported).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 3 },
      status: { replicas: 3 },
    });
  });

  it('keep status and wish apart: each write touches its own side only', () => {
    const store = createStore();
    store.create('apps/v1/deployments', deployment('web'));
    type Web = KubeObject<{ replicas: number }, { replicas?: number }>;
    const both = (draft: Web) => {
      draft.spec = { ...(draft.spec as { replicas: number }), replicas: 9 };
      draft.status = { replicas: 9 };
    };
    expect(store.mutate<Web>('apps/v1/deployments', 'default', 'web', both)).toMatchObject({
      spec: { replicas: 9 },
      status: {},
    });
    store.mutate<Web>(
      'apps/v1/deployments',
      'default',
      'web',
      (draft) => (draft.spec = { ...(draft.spec as { replicas: number }), replicas: 2 }),
    );
    expect(
      store.mutate<Web>('apps/v1/deployments', 'default', 'web', both, { subresource: 'status' }),
    ).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 9 } });
  });

  it('pass through admission, which may change or refuse them', () => {
    const store = createStore();
    store.addAdmission('v1/pods', (draft) => {
      if (draft.metadata.name === 'bad') throw new StatusError(403, 'Forbidden', 'no');
      draft.metadata.labels = { ...draft.metadata.labels, injected: 'yes' };
    });
    expect(store.create('v1/pods', pod('good')).metadata.labels).toEqual({ injected: 'yes' });
    expect(statusOf(() => store.create('v1/pods', pod('bad')))).toMatchObject({ code: 403 });
    expect(store.get('v1/pods', 'default', 'bad')).toBeUndefined();
  });
});

describe('watch', () => {
  it('shows what exists, then every change in the order of the log, after the writer is done', async () => {
    const store = createStore();
    store.create('v1/configmaps', configMap('a'));
    const events = record(store, 'v1/configmaps');
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED a']);
    store.create('v1/configmaps', configMap('b'));
    store.mutate('v1/configmaps', 'default', 'a', (draft) => (draft['data'] = { x: '1' }));
    store.delete('v1/configmaps', 'default', 'b');
    expect(events).toHaveLength(1);
    await settled();
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'ADDED a',
      'ADDED b',
      'MODIFIED a',
      'DELETED b',
    ]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it('turns into ADDED and DELETED when an object starts or stops matching', async () => {
    const store = createStore();
    store.create('v1/configmaps', configMap('a'));
    const events: string[] = [];
    store.watch('v1/configmaps', { labels: { on: 'yes' } }, ({ type }) => events.push(type));
    for (const on of ['yes', 'no'])
      store.mutate('v1/configmaps', 'default', 'a', (draft) => (draft.metadata.labels = { on }));
    await settled();
    expect(events).toEqual(['ADDED', 'DELETED']);
  });

  it('survives a watcher that throws and tells about it', async () => {
    const seen: unknown[] = [];
    const store = createStore({ onListenerError: (error) => seen.push(error) });
    const events = record(store, 'v1/configmaps');
    store.watch('v1/configmaps', {}, () => {
      throw new Error('broken watcher');
    });
    const later = record(store, 'v1/configmaps');
    store.create('v1/configmaps', configMap('a'));
    await settled();
    expect([events.length, later.length, seen.length]).toEqual([1, 1, 1]);
  });

  it('forgets old history and says so', () => {
    const store = createStore({ historySize: 2 });
    for (let i = 0; i < 10; i += 1) store.create('v1/configmaps', configMap(`c${i}`));
    expect(store.log.since('v1/configmaps', 1)).toBeUndefined();
    expect(store.log.since('v1/configmaps', Number(store.resourceVersion) - 1)).toHaveLength(1);
  });
});

describe('deleting pods', () => {
  it('marks them with now plus grace and keeps them until the kubelet confirms', () => {
    const store = createStore({ now: () => Date.parse('2026-11-23T11:00:00Z') });
    store.create('v1/pods', pod('a', { terminationGracePeriodSeconds: 10 }));
    store.delete('v1/pods', 'default', 'a');
    expect(store.get('v1/pods', 'default', 'a')?.metadata).toMatchObject({
      deletionTimestamp: '2026-11-23T11:00:10Z',
      deletionGracePeriodSeconds: 10,
      generation: 2,
    });
    store.delete('v1/pods', 'default', 'a', { gracePeriodSeconds: 0 });
    expect(store.get('v1/pods', 'default', 'a')).toBeUndefined();
  });

  it('shortens the grace on a second, hastier delete and never lengthens it', () => {
    const store = createStore({ now: () => Date.parse('2026-11-23T11:00:00Z') });
    store.create('v1/pods', pod('a', { terminationGracePeriodSeconds: 30 }));
    for (const gracePeriodSeconds of [20, 5, 60])
      store.delete('v1/pods', 'default', 'a', { gracePeriodSeconds });
    expect(store.get('v1/pods', 'default', 'a')?.metadata).toMatchObject({
      deletionTimestamp: '2026-11-23T11:00:05Z',
      deletionGracePeriodSeconds: 5,
    });
  });

  it('removes a pod that never got a node at once', () => {
    const store = createStore();
    store.create('v1/pods', pod('a', { nodeName: undefined }));
    store.delete('v1/pods', 'default', 'a');
    expect(store.get('v1/pods', 'default', 'a')).toBeUndefined();
  });

  it('refuses a delete meant for another object of that name', () => {
    const store = createStore();
    store.create('v1/pods', pod('a'));
    const error = statusOf(() => store.delete('v1/pods', 'default', 'a', { uid: 'other' }));
    expect(error).toMatchObject({ code: 409, reason: 'Conflict', details: { kind: 'Pod' } });
    expect(store.get('v1/pods', 'default', 'a')?.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('finalizers and owners', () => {
  const replicaSet = (owner: KubeObject) => ({
    ...deployment('rs'),
    kind: 'ReplicaSet',
    metadata: { name: 'rs', namespace: 'default', ownerReferences: ownedBy(owner) },
  });

  function family(store: MemoryStore) {
    const web = store.create('apps/v1/deployments', deployment('web'));
    const rs = store.create('apps/v1/replicasets', replicaSet(web));
    store.create('v1/pods', pod('p', { nodeName: undefined }, { ownerReferences: ownedBy(rs) }));
    return { web, rs };
  }

  it('keeps an object with a finalizer until the finalizer is taken away', () => {
    const store = createStore();
    store.create('v1/configmaps', {
      ...configMap('a'),
      metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/hold'] },
    });
    store.delete('v1/configmaps', 'default', 'a');
    expect(store.get('v1/configmaps', 'default', 'a')?.metadata.deletionTimestamp).toBeDefined();
    store.mutate('v1/configmaps', 'default', 'a', (draft) => delete draft.metadata.finalizers);
    expect(store.get('v1/configmaps', 'default', 'a')).toBeUndefined();
  });

  it('collects dependents after their owner (background)', async () => {
    const store = createStore();
    family(store);
    store.delete('apps/v1/deployments', 'default', 'web');
    expect(store.get('apps/v1/replicasets', 'default', 'rs')).toBeDefined();
    await settled();
    expect(store.get('apps/v1/replicasets', 'default', 'rs')).toBeUndefined();
    expect(store.get('v1/pods', 'default', 'p')).toBeUndefined();
  });

  it('collects dependents before their owner (foreground)', async () => {
    const store = createStore();
    family(store);
    const order: string[] = [];
    for (const resource of ['apps/v1/deployments', 'apps/v1/replicasets', 'v1/pods']) {
      store.watch(resource, {}, ({ type, object }) => type === 'DELETED' && order.push(object.kind));
    }
    store.delete('apps/v1/deployments', 'default', 'web', { propagationPolicy: 'Foreground' });
    expect(store.get('apps/v1/deployments', 'default', 'web')?.metadata.finalizers).toEqual([
      'foregroundDeletion',
    ]);
    await settled();
    expect(order).toEqual(['Pod', 'ReplicaSet', 'Deployment']);
  });

  it('lets dependents go (orphan)', async () => {
    const store = createStore();
    family(store);
    store.delete('apps/v1/deployments', 'default', 'web', { propagationPolicy: 'Orphan' });
    await settled();
    expect(store.get('apps/v1/deployments', 'default', 'web')).toBeUndefined();
    expect(store.get('apps/v1/replicasets', 'default', 'rs')?.metadata.ownerReferences).toBeUndefined();
    expect(store.get('v1/pods', 'default', 'p')).toBeDefined();
  });

  it('collects an object that is born to an owner already gone', async () => {
    const store = createStore();
    const { web } = family(store);
    store.delete('apps/v1/deployments', 'default', 'web');
    await settled();
    store.create('apps/v1/replicasets', replicaSet(web));
    await settled();
    expect(store.get('apps/v1/replicasets', 'default', 'rs')).toBeUndefined();
  });

  it('keeps what has another owner and only drops the reference', async () => {
    const store = createStore();
    const one = store.create('v1/configmaps', configMap('one'));
    const two = store.create('v1/configmaps', configMap('two'));
    store.create('v1/configmaps', {
      ...configMap('child'),
      metadata: { name: 'child', namespace: 'default', ownerReferences: [...ownedBy(one), ...ownedBy(two)] },
    });
    store.delete('v1/configmaps', 'default', 'one');
    await settled();
    expect(
      store.get('v1/configmaps', 'default', 'child')?.metadata.ownerReferences?.map(({ name }) => name),
    ).toEqual(['two']);
  });
});

describe('namespaces', () => {
  it('take their content along, refuse new content meanwhile, and go last', async () => {
    const store = createStore();
    store.create('v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    store.create('v1/pods', { ...pod('p'), metadata: { name: 'p', namespace: 'shop' } });
    store.create('v1/configmaps', { ...configMap('c'), metadata: { name: 'c', namespace: 'shop' } });
    store.delete('v1/namespaces', undefined, 'shop');
    await settled();
    expect(store.get('v1/namespaces', undefined, 'shop')?.status).toMatchObject({ phase: 'Terminating' });
    expect(store.get('v1/configmaps', 'shop', 'c')).toBeUndefined();
    expect(store.get('v1/pods', 'shop', 'p')?.metadata.deletionTimestamp).toBeDefined();
    expect(
      statusOf(() =>
        store.create('v1/configmaps', { ...configMap('d'), metadata: { name: 'd', namespace: 'shop' } }),
      ),
    ).toMatchObject({
      code: 403,
      message:
        'configmaps "d" is forbidden: unable to create new content in namespace shop because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    store.delete('v1/pods', 'shop', 'p', { gracePeriodSeconds: 0 });
    await settled();
    expect(store.get('v1/namespaces', undefined, 'shop')).toBeUndefined();
  });
});

describe('Services', () => {
  const service = (spec: Record<string, unknown>) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { generateName: 's-', namespace: 'default' },
    spec,
  });

  it('get an address and, as NodePort, a port of their own, and keep both', () => {
    const store = createStore();
    type Service = KubeObject<{ clusterIP: string; ports: { nodePort: number }[] }>;
    const a = store.create<Service>('v1/services', service({ type: 'NodePort', ports: [{ port: 80 }] }));
    const b = store.create<Service>('v1/services', service({ type: 'NodePort', ports: [{ port: 80 }] }));
    expect(a.spec?.clusterIP).toMatch(/^10\.96\./);
    expect(a.spec?.clusterIP).not.toBe(b.spec?.clusterIP);
    expect(a.spec?.ports[0]?.nodePort).not.toBe(b.spec?.ports[0]?.nodePort);
    const written = store.mutate<KubeObject>('v1/services', 'default', a.metadata.name, (draft) => {
      draft.spec = { type: 'NodePort', ports: [{ port: 80 }] };
    });
    expect(written?.spec).toMatchObject({
      clusterIP: a.spec?.clusterIP,
      ports: [{ nodePort: a.spec?.ports[0]?.nodePort }],
    });
  });

  it('refuse to change their address', () => {
    const store = createStore();
    const a = store.create('v1/services', service({ ports: [{ port: 80 }] }));
    expect(
      statusOf(() =>
        store.mutate(
          'v1/services',
          'default',
          a.metadata.name,
          (draft) => (draft.spec = { ports: [{ port: 80 }], clusterIP: '10.96.9.9' }),
        ),
      ),
    ).toMatchObject({
      code: 422,
      message: `Service "${a.metadata.name}" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set`,
    });
  });
});
