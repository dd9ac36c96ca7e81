import { describe, expect, it } from '@jest/globals';
import type { MeshState, SidecarObject, SidecarSpec } from '../../../mesh/istiod/istio-objects.ts';
import { computeSnapshot, SnapshotCache } from '../../../mesh/istiod/snapshot.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  type ListenerJson,
  type RouteConfigJson,
} from '../../../mesh/xds-types.ts';
import { GATEWAY_NODE, recordedMesh, SIDECAR_NODE } from '../support/recorded-mesh.ts';

const CAFE = 'cafe.ze-mesh.svc.cluster.local';
const SHOP = 'shop.ze-mesh.svc.cluster.local';
const PLAIN = 'shop.ze-plain.svc.cluster.local';

let count = 0;
function sidecar(namespace: string, spec: SidecarSpec): SidecarObject {
  count += 1;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: {
      name: `s-${count}`,
      namespace,
      uid: String(count),
      resourceVersion: '1',
      creationTimestamp: '2026-11-23T11:00:00Z',
    },
    spec,
  };
}

const egress = (...hosts: string[]): SidecarSpec => ({ egress: [{ hosts }] });

/** The recorded mesh, where shop of ze-mesh has no VirtualService that leads a caller to the others. */
function meshWith(...sidecars: SidecarObject[]): MeshState {
  return { ...recordedMesh(), sidecars };
}

/** The hosts whose clusters, and those whose virtual hosts, a caller in ze-mesh is sent. */
function told(state: MeshState, node = SIDECAR_NODE): { clusters: string[]; routed: string[] } {
  const snapshot = computeSnapshot(node, state);
  const hostOf = (name: string) => name.split('|')[3] ?? '';
  const clusters = [...snapshot[CLUSTER_TYPE].keys()].map(hostOf).filter((host) => host !== '');
  const loaded = [...snapshot[ENDPOINT_TYPE].keys()].map(hostOf);
  expect(new Set(loaded)).toEqual(new Set(clusters));
  const hosts = [...(snapshot[ROUTE_TYPE].values() as Iterable<RouteConfigJson>)].flatMap((config) =>
    config.virtual_hosts.map(({ name }) => name.split(':')[0] ?? ''),
  );
  return { clusters: [...new Set(clusters)].sort(), routed: [...new Set(hosts)].sort() };
}

const services = (...names: string[]) => names.sort();

describe('the scope of a sidecar', () => {
  it('is everything without a Sidecar', () => {
    expect(told(meshWith())).toEqual({
      clusters: services(CAFE, SHOP, PLAIN),
      routed: expect.arrayContaining([CAFE, SHOP, PLAIN, 'allow_any']) as unknown,
    });
  });

  it.each([
    ['./*', [CAFE, SHOP]],
    ['ze-plain/*', [PLAIN]],
    ['*/*', [CAFE, SHOP, PLAIN]],
    ['~/*', []],
    [`./${SHOP}`, [SHOP]],
    [`*/${SHOP}`, [SHOP]],
    [`ze-plain/${SHOP}`, []],
    ['./*.ze-mesh.svc.cluster.local', [CAFE, SHOP]],
    // Only full names name a host.
    ['./shop', []],
  ])('names with %s the hosts %j', (entry, hosts) => {
    expect(told(meshWith(sidecar('ze-mesh', egress(entry)))).clusters).toEqual(services(...hosts));
  });

  it('adds up the hosts of an egress, and takes an egress that is not there for everything', () => {
    expect(told(meshWith(sidecar('ze-mesh', egress('ze-plain/*', `./${CAFE}`)))).clusters).toEqual(
      services(CAFE, PLAIN),
    );
    expect(told(meshWith(sidecar('ze-mesh', {}))).clusters).toEqual(services(CAFE, SHOP, PLAIN));
  });

  it('has no routes and no listener for a port on which nothing is left', () => {
    const snapshot = computeSnapshot(SIDECAR_NODE, meshWith(sidecar('ze-mesh', egress('~/*'))));
    expect([...snapshot[ROUTE_TYPE].keys()]).toEqual([]);
    expect([...snapshot[LISTENER_TYPE].keys()]).toEqual(['virtualOutbound', 'virtualInbound']);
  });

  it('sends the cluster a VirtualService of the scope leads to, and no virtual host for it', () => {
    const state = meshWith(sidecar('ze-mesh', egress(`./${SHOP}`)));
    const [first] = state.virtualServices;
    if (first === undefined) throw new Error('no VirtualService recorded');
    state.virtualServices = [
      {
        ...first,
        metadata: { ...first.metadata, name: 'lead' },
        spec: { hosts: [SHOP], http: [{ route: [{ destination: { host: PLAIN } }] }] },
      },
    ];
    expect(told(state)).toEqual({ clusters: services(SHOP, PLAIN), routed: ['allow_any', SHOP] });
    const of = state.virtualServices[0]?.spec;
    if (of?.http?.[0]) of.http[0].match = [{ sourceNamespace: 'elsewhere' }];
    expect(told(state).clusters).toEqual([SHOP]);
  });

  it('takes VirtualServices from the namespaces it names only', () => {
    const state = meshWith(sidecar('ze-mesh', egress(`ze-plain/*`, `./${SHOP}`)));
    const routes = computeSnapshot(SIDECAR_NODE, state)[ROUTE_TYPE].get('8080') as RouteConfigJson;
    expect(routes.virtual_hosts.map(({ name }) => name)).toEqual([
      'shop.example:8080',
      `${SHOP}:8080`,
      `${PLAIN}:8080`,
      'allow_any',
    ]);
  });

  it('is chosen by labels, else of the namespace, else of the root namespace', () => {
    const all = [
      sidecar('istio-system', egress('ze-plain/*')),
      sidecar('ze-mesh', egress(`./${SHOP}`)),
      sidecar('ze-mesh', { ...egress(`./${CAFE}`), workloadSelector: { labels: { app: 'till' } } }),
    ];
    const clustersOf = (namespace: string, labels: Record<string, string>) =>
      told(meshWith(...all), { ...SIDECAR_NODE, namespace, labels }).clusters;
    expect(clustersOf('ze-mesh', { app: 'till', version: 'v1' })).toEqual([CAFE]);
    expect(clustersOf('ze-mesh', { app: 'other' })).toEqual([SHOP]);
    expect(clustersOf('ze-plain', { app: 'till' })).toEqual([PLAIN]);
  });

  it('does not bind a gateway', () => {
    const node = { ...GATEWAY_NODE, namespace: 'ze-mesh' };
    const names = [
      ...computeSnapshot(node, meshWith(sidecar('ze-mesh', egress('~/*'))))[CLUSTER_TYPE].keys(),
    ];
    expect(names).toContain(`outbound|8080||${CAFE}`);
  });

  it('has one list of hosts for a port that an egress listener names, and another for the rest', () => {
    const state = meshWith(
      sidecar('ze-mesh', { egress: [{ port: { number: 8080 }, hosts: ['ze-plain/*'] }, { hosts: ['./*'] }] }),
    );
    for (const one of state.services)
      one.spec?.ports?.push({ name: 'http-admin', port: 9090, protocol: 'TCP' });
    const snapshot = computeSnapshot(SIDECAR_NODE, state);
    const hostsOn = (port: string) =>
      (snapshot[ROUTE_TYPE].get(port) as RouteConfigJson).virtual_hosts
        .map(({ name }) => name)
        .filter((name) => name.includes('.svc.'));
    expect(hostsOn('8080')).toEqual([`${PLAIN}:8080`]);
    expect(hostsOn('9090')).toEqual([`${CAFE}:9090`, `${SHOP}:9090`]);
    expect([...snapshot[CLUSTER_TYPE].keys()]).not.toContain(`outbound|9090||${PLAIN}`);
  });
});

describe('calls to what is not in the scope', () => {
  const catchAll = (spec: SidecarSpec) => {
    const snapshot = computeSnapshot(SIDECAR_NODE, meshWith(sidecar('ze-mesh', spec)));
    const route = (snapshot[ROUTE_TYPE].get('8080') as RouteConfigJson).virtual_hosts.at(-1);
    const outbound = snapshot[LISTENER_TYPE].get('virtualOutbound') as ListenerJson;
    return {
      name: route?.name,
      cluster: route?.routes?.[0]?.route?.cluster,
      answer: route?.routes?.[0]?.direct_response,
      elsewhere: outbound.default_filter_chain?.filters[0]?.typed_config.cluster,
    };
  };

  it('pass, unless the Sidecar’s policy refuses them', () => {
    const pass = { name: 'allow_any', cluster: 'PassthroughCluster', elsewhere: 'PassthroughCluster' };
    expect(catchAll(egress('./*'))).toMatchObject(pass);
    expect(catchAll({ ...egress('./*'), outboundTrafficPolicy: { mode: 'ALLOW_ANY' } })).toMatchObject(pass);
    const refused = { name: 'block_all', answer: { status: 502 }, elsewhere: 'BlackHoleCluster' };
    expect(catchAll({ ...egress('./*'), outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })).toMatchObject(
      refused,
    );
    // The enum's zero value.
    expect(catchAll({ ...egress('./*'), outboundTrafficPolicy: {} })).toMatchObject(refused);
  });

  it('go to the egress proxy that the policy names', () => {
    const proxy = { host: CAFE, subset: 'v1', port: { number: 8080 } };
    expect(
      catchAll({ ...egress('./*'), outboundTrafficPolicy: { mode: 'ALLOW_ANY', egressProxy: proxy } }),
    ).toMatchObject({ name: 'allow_any', cluster: `outbound|8080|v1|${CAFE}` });
  });
});

describe('exportTo', () => {
  const exporting = (host: string, to: string) => {
    const state = meshWith();
    for (const { metadata } of state.services)
      if (host.startsWith(`${metadata.name}.${metadata.namespace ?? ''}.`))
        metadata.annotations = { 'networking.istio.io/exportTo': to };
    return state;
  };

  it('of a Service keeps it from the proxies of other namespaces', () => {
    expect(told(exporting(PLAIN, '.')).clusters).toEqual(services(CAFE, SHOP));
    expect(told(exporting(PLAIN, '~')).clusters).toEqual(services(CAFE, SHOP));
    expect(told(exporting(PLAIN, 'other, ze-mesh')).clusters).toEqual(services(CAFE, SHOP, PLAIN));
    expect(told(exporting(CAFE, '.')).clusters).toEqual(services(CAFE, SHOP, PLAIN));
  });

  it('of a Service keeps it from a gateway, too, which then has a route without a cluster', () => {
    const snapshot = computeSnapshot(GATEWAY_NODE, exporting(CAFE, '.'));
    expect([...snapshot[CLUSTER_TYPE].keys()].filter((name) => name.includes(CAFE))).toEqual([]);
    expect(JSON.stringify([...snapshot[ROUTE_TYPE].values()])).toContain(`|${CAFE}`);
  });

  it('of a delegate keeps its routes from roots of other namespaces', () => {
    const state = meshWith();
    const [root] = state.virtualServices;
    if (root?.spec === undefined) throw new Error('no VirtualService recorded');
    const rule = { name: 'own', route: [{ destination: { host: PLAIN } }] };
    const delegate = {
      ...root,
      metadata: { ...root.metadata, name: 'routes', namespace: 'ze-plain' },
      spec: { exportTo: ['.'], http: [rule] },
    };
    state.virtualServices = [
      { ...root, spec: { hosts: [CAFE], http: [{ delegate: { name: 'routes', namespace: 'ze-plain' } }] } },
      delegate,
    ];
    const cafe = () =>
      (computeSnapshot(SIDECAR_NODE, state)[ROUTE_TYPE].get('8080') as RouteConfigJson).virtual_hosts.find(
        ({ name }) => name.startsWith(CAFE),
      );
    expect(cafe()?.routes?.map(({ name }) => name)).toEqual(['default']);
    delegate.spec.exportTo = ['ze-mesh'];
    expect(cafe()?.routes?.map(({ name }) => name)).toEqual(['own']);
  });

  it('of a DestinationRule of the root namespace does not put it before the Service’s own at a gateway', () => {
    const state = meshWith();
    const [own] = state.destinationRules.filter(({ spec }) => spec?.host?.startsWith('cafe'));
    if (own === undefined) throw new Error('no DestinationRule recorded');
    const forAll = {
      ...own,
      metadata: { ...own.metadata, name: 'for-all', namespace: 'istio-system' },
      spec: { host: CAFE, subsets: [{ name: 'root' }] } as NonNullable<typeof own.spec>,
    };
    state.destinationRules = [forAll, ...state.destinationRules];
    const subsets = () =>
      [...computeSnapshot(GATEWAY_NODE, state)[CLUSTER_TYPE].keys()]
        .filter((name) => name.endsWith(`|${CAFE}`))
        .map((name) => name.split('|')[2]);
    expect(subsets()).toEqual(['', 'v1', 'v2'].filter((name) => subsets().includes(name)));
    expect(subsets()).not.toContain('root');
    forAll.spec.exportTo = ['.'];
    expect(subsets()).toEqual(['', 'root']);
  });
});

describe('the cache of snapshots', () => {
  it('keeps workloads apart that a Sidecar keeps apart', () => {
    const cache = new SnapshotCache();
    const state = meshWith(
      sidecar('ze-mesh', { ...egress('~/*'), workloadSelector: { labels: { app: 'till' } } }),
    );
    const sizeFor = (labels: Record<string, string>) =>
      cache.snapshot({ ...SIDECAR_NODE, labels }, state)[ENDPOINT_TYPE].size;
    expect(sizeFor({ app: 'till' })).toBe(0);
    expect(sizeFor({ app: 'other' })).toBeGreaterThan(0);
  });
});
