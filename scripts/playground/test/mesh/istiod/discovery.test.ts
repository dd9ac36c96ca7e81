import { afterEach, describe, expect, it } from '@jest/globals';
import type { Acknowledgement, DataPlane } from '../../../mesh/data-plane/data-plane.ts';
import type { ResourcePush } from '../../../mesh/data-plane/messages.ts';
import { Discovery } from '../../../mesh/istiod/discovery.ts';
import { syncz } from '../../../mesh/istiod/debug-pages.ts';
import { createRandom } from '../../../network/random.ts';
import { resourceName, ROUTE_TYPE } from '../../../mesh/xds-types.ts';
import type { MeshDelays } from '../../../mesh/index.ts';
import type { KubeObject, ObjectStore, WatchEvent } from '../../../storage/types.ts';
import { FAST, until } from '../support/test-mesh.ts';
import { recordedMesh, SIDECAR_NODE } from '../support/recorded-mesh.ts';

/** Takes every push and acknowledges it at once, or rejects what it is told to. */
class RecordingDataPlane implements DataPlane {
  readonly handsOver = true;
  readonly pushes: (ResourcePush & { at: number })[] = [];
  reject: ((push: ResourcePush) => string | undefined) | undefined;
  private listener: (acknowledgement: Acknowledgement) => void = () => undefined;

  start = () => Promise.resolve(undefined);
  stop = () => Promise.resolve();
  close = () => Promise.resolve();
  drain = () => undefined;
  onLog = () => undefined;

  push(push: ResourcePush): void {
    this.pushes.push({ ...push, at: performance.now() });
    const error = this.reject?.(push);
    const { proxyId, typeUrl, nonce } = push;
    queueMicrotask(() =>
      this.listener({ proxyId, typeUrl, nonce, warming: 0, ...(error === undefined ? {} : { error }) }),
    );
  }

  onAcknowledged(listener: (acknowledgement: Acknowledgement) => void): void {
    this.listener = listener;
  }
}

/** As much of a store as istiod needs: what exists, and who watches. */
class RecordedStore {
  readonly watchers = new Map<string, (event: WatchEvent) => void>();
  private readonly objects: Record<string, KubeObject[]>;

  constructor() {
    const state = recordedMesh();
    this.objects = {
      'v1/services': state.services,
      'v1/pods': state.pods,
      'discovery.k8s.io/v1/endpointslices': state.endpointSlices,
      'networking.istio.io/v1/gateways': state.gateways,
      'networking.istio.io/v1/virtualservices': state.virtualServices,
      'networking.istio.io/v1/destinationrules': state.destinationRules,
    };
  }

  watch(resource: string, _filter: unknown, onEvent: (event: WatchEvent) => void): () => void {
    for (const object of this.objects[resource] ?? []) onEvent({ type: 'ADDED', object });
    this.watchers.set(resource, onEvent);
    return () => this.watchers.delete(resource);
  }

  /** A new version of an object, as a watch tells it. */
  change(resource: string, change: (spec: never) => void, name = 'cafe'): void {
    const object = structuredClone(this.objects[resource]?.find((one) => one.metadata.name === name));
    if (object === undefined) throw new Error(`no ${resource} ${name}`);
    change(object as never);
    this.watchers.get(resource)?.({ type: 'MODIFIED', object });
  }
}

let running: Discovery | undefined;
afterEach(() => running?.close());

async function connected(delays: Partial<MeshDelays> = {}, seed = 1) {
  const dataPlane = new RecordingDataPlane();
  const store = new RecordedStore();
  const discovery = new Discovery({
    store: store as unknown as ObjectStore,
    dataPlane,
    delays: { ...FAST, ...delays },
    random: createRandom(seed),
    socketOf: (host, port) => ({ host, port }),
  });
  running = discovery;
  await discovery.connect({ ...SIDECAR_NODE, id: 'p', pod: 'client-1', ip: '10.244.0.5' });
  // What was there at the start is one change, too.
  await until('the first push', () => dataPlane.pushes.length >= 7);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const first = dataPlane.pushes.splice(0);
  return { dataPlane, store, discovery, first };
}

const kind = (push: ResourcePush) => /\.(\w+)$/.exec(push.typeUrl)?.[1];
const DESTINATION_RULES = 'networking.istio.io/v1/destinationrules';
const VIRTUAL_SERVICES = 'networking.istio.io/v1/virtualservices';

function addSubset(object: { spec: { subsets: object[] } }): void {
  object.spec.subsets.push({ name: 'v3', labels: { version: 'v2' } });
}

function rename(object: { spec: { http: { name: string }[] } }): void {
  for (const rule of object.spec.http) rule.name = 'renamed';
}

describe('istiod’s pushes', () => {
  it('begin with clusters, and end with the endpoints of those that the proxy did not know', async () => {
    const { first } = await connected();
    const initial = first.filter((push) => push.version === first[0]?.version);
    expect(initial.map(kind)).toEqual(['Cluster', 'Listener', 'RouteConfiguration', 'ClusterLoadAssignment']);
  });

  it('send a new subset’s cluster, then listeners and routes, then its endpoints, and nothing of the other subsets', async () => {
    const { dataPlane, store } = await connected();
    store.change(DESTINATION_RULES, addSubset);
    await until('the endpoints', () =>
      dataPlane.pushes.some((push) => kind(push) === 'ClusterLoadAssignment'),
    );
    expect(dataPlane.pushes.map((push) => [kind(push), push.changed.map(resourceName)])).toEqual([
      ['Cluster', ['outbound|8080|v3|cafe.ze-mesh.svc.cluster.local']],
      ['Listener', []],
      ['RouteConfiguration', []],
      ['ClusterLoadAssignment', ['outbound|8080|v3|cafe.ze-mesh.svc.cluster.local']],
    ]);
  });

  it('collect changes that come close together into one', async () => {
    const { dataPlane, store } = await connected({ debounceMs: 300 });
    store.change(DESTINATION_RULES, addSubset);
    await new Promise((resolve) => setTimeout(resolve, 10));
    store.change(VIRTUAL_SERVICES, rename);
    await until('the push', () => dataPlane.pushes.length === 4);
    expect(new Set(dataPlane.pushes.map((push) => push.version)).size).toBe(1);
  });

  it('send only endpoints when only endpoints changed', async () => {
    const { dataPlane, store } = await connected();
    store.change(
      'discovery.k8s.io/v1/endpointslices',
      (slice: { endpoints: { conditions: object }[] }) => {
        for (const endpoint of slice.endpoints.slice(0, 1)) endpoint.conditions = { terminating: true };
      },
      'cafe-1',
    );
    await until('the push', () => dataPlane.pushes.length > 0);
    expect(dataPlane.pushes.map(kind)).toEqual(['ClusterLoadAssignment']);
  });

  it('are not made for changes of metadata or status', async () => {
    const { dataPlane, store } = await connected();
    store.change(
      VIRTUAL_SERVICES,
      (object: KubeObject) => (object.metadata.annotations = { changed: 'yes' }),
    );
    store.change(
      'v1/pods',
      (object: KubeObject<unknown, object>) => (object.status = { ...object.status, phase: 'Running' }),
      'cafe-v1-abc12-90',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(dataPlane.pushes).toEqual([]);
  });

  it('that are rejected show their error and the last acknowledged nonce, until one is accepted', async () => {
    const { dataPlane, store, discovery } = await connected();
    const state = () =>
      syncz(discovery)[0]?.resources['type.googleapis.com/envoy.config.route.v3.RouteConfiguration'] as
        { sent: string; acked?: string; lastError?: string } | undefined;
    const before = state()?.acked;
    dataPlane.reject = (push) =>
      kind(push) === 'RouteConfiguration' ? 'Duplicate entry of domain *' : undefined;
    store.change(VIRTUAL_SERVICES, rename);
    await until('the rejection', () => state()?.lastError !== undefined);
    expect(state()).toMatchObject({ acked: before, lastError: 'Duplicate entry of domain *' });
    expect(state()?.sent).not.toBe(before);
    dataPlane.reject = undefined;
    store.change(DESTINATION_RULES, addSubset);
    await until('the recovery', () => state()?.lastError === undefined);
    expect(state()?.acked).toBe(state()?.sent);
  });

  it('of two frozen changes arrive as the last one when the proxy thaws', async () => {
    const { dataPlane, store, discovery } = await connected();
    discovery.freeze('p', undefined);
    store.change(DESTINATION_RULES, addSubset);
    await until('istiod has noticed', () => unacknowledged(discovery));
    const sent = () => discovery.connections[0]?.status.get(ROUTE_TYPE)?.sent;
    const first = sent();
    store.change(VIRTUAL_SERVICES, rename);
    await until('istiod has written the second push, too', () => sent() !== first);
    expect(dataPlane.pushes).toEqual([]);
    discovery.thaw('p');
    await until('endpoints of the new subset', () =>
      dataPlane.pushes.some((push) => kind(push) === 'ClusterLoadAssignment'),
    );
    expect(dataPlane.pushes.map(kind)).toEqual([
      'Cluster',
      'Listener',
      'RouteConfiguration',
      'ClusterLoadAssignment',
    ]);
    expect(JSON.stringify(dataPlane.pushes[2]?.changed)).toContain('"renamed"');
    await until('everything acknowledged', () => !unacknowledged(discovery));
  });
});

function unacknowledged(discovery: Discovery): boolean {
  return discovery.connections.some((one) =>
    [...one.status.values()].some(({ sent, acked }) => sent !== acked),
  );
}
