import { describe, expect, it } from '@jest/globals';
import { computeSnapshot, SnapshotCache } from '../../../mesh/istiod/snapshot.ts';
import type { HttpRule } from '../../../mesh/istiod/istio-objects.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  ROUTE_TYPE,
  type ClusterJson,
  type ClusterLoadAssignmentJson,
  type RouteConfigJson,
} from '../../../mesh/xds-types.ts';
import { fixture } from '../support/fixture.ts';
import { GATEWAY_NODE, recordedMesh, SIDECAR_NODE, type SliceConditions } from '../support/recorded-mesh.ts';

interface Dump {
  configs: Record<string, Record<string, unknown>>[];
}

const V1 = 'outbound|8080|v1|cafe.ze-mesh.svc.cluster.local';
const V2 = 'outbound|8080|v2|cafe.ze-mesh.svc.cluster.local';
const BASE = 'outbound|8080||cafe.ze-mesh.svc.cluster.local';

/** What a recorded dump holds in one field, without the type that only the dump spells out. */
function recorded(name: string, field: string): object[] {
  return (fixture(name) as Dump).configs.map((config) => {
    const resource = { ...config[field] };
    delete resource['@type'];
    return resource;
  });
}

function routes(
  node: typeof GATEWAY_NODE | typeof SIDECAR_NODE,
  state = recordedMesh(),
): Map<string, RouteConfigJson> {
  return computeSnapshot(node, state)[ROUTE_TYPE] as Map<string, RouteConfigJson>;
}

function withRule(rule: HttpRule) {
  const state = recordedMesh();
  for (const one of state.virtualServices)
    if (one.metadata.name === 'cafe' && one.spec) one.spec.http = [rule];
  const found = routes(GATEWAY_NODE, state)
    .get('http.8080')
    ?.virtual_hosts.find((host) => host.domains.includes('cafe.example'));
  return found?.routes ?? [];
}

const TO_V2 = [
  { destination: { host: 'cafe.ze-mesh.svc.cluster.local', subset: 'v2', port: { number: 8080 } } },
];

describe('the configuration istiod computes', () => {
  it('gives the gateway the recorded routes', () => {
    expect([routes(GATEWAY_NODE).get('http.8080')]).toEqual(
      recorded('gateway.routes.4-canary-90-10', 'route_config'),
    );
  });

  it('puts a delegate’s routes in the place of its root’s, under both names', () => {
    const state = recordedMesh();
    const cafe = state.virtualServices.find(({ metadata }) => metadata.name === 'cafe');
    if (cafe?.spec === undefined) throw new Error('no VirtualService cafe');
    const [main] = cafe.spec.http ?? [];
    state.virtualServices.push({
      ...cafe,
      metadata: { ...cafe.metadata, name: 'routes' },
      spec: {
        http: [
          {
            name: 'hot',
            match: [{ headers: { 'x-hot': { exact: 'yes' } } }],
            route: [{ destination: { host: 'cafe', subset: 'v2' } }],
          },
          { route: main?.route ?? [] },
        ],
      },
    });
    cafe.spec.http = [
      { name: 'root', match: [{ uri: { prefix: '/' } }], timeout: '3s', delegate: { name: 'routes' } },
      { delegate: { name: 'nobody' } },
    ];
    const found = routes(GATEWAY_NODE, state)
      .get('http.8080')
      ?.virtual_hosts.find((host) => host.domains.includes('cafe.example'));
    expect(found?.routes?.map(({ name }) => name)).toEqual(['root-hot', 'root']);
    expect(found?.routes?.[0]).toMatchObject({
      match: { prefix: '/', headers: [{ name: 'x-hot' }] },
      metadata: {
        filter_metadata: { istio: { config: expect.stringMatching(/virtual-service\/cafe$/) as unknown } },
      },
      route: { cluster: V2, timeout: '3s' },
    });
  });

  it('gives a sidecar the recorded routes', () => {
    expect([routes(SIDECAR_NODE).get('8080')]).toEqual(
      recorded('sidecar.routes.4-canary-90-10', 'route_config'),
    );
  });

  it('gives every proxy the recorded clusters', () => {
    for (const node of [GATEWAY_NODE, SIDECAR_NODE]) {
      const clusters = computeSnapshot(node, recordedMesh())[CLUSTER_TYPE] as Map<string, ClusterJson>;
      expect([V1, V2, BASE].map((name) => clusters.get(name))).toEqual(
        recorded('gateway.active_clusters.4-canary-90-10', 'cluster'),
      );
    }
  });

  it('sends each subset the endpoints whose labels match, in the recorded order', () => {
    expect(addresses({})).toEqual({
      [V1]: ['10.244.0.90', '10.244.0.91'],
      [V2]: ['10.244.0.88', '10.244.0.89'],
      [BASE]: ['10.244.0.88', '10.244.0.89', '10.244.0.90', '10.244.0.91'],
    });
  });

  it('sends an endpoint that is not ready as unhealthy and a terminating one not at all', () => {
    const conditions = {
      '10.244.0.90': { ready: false, serving: true, terminating: true },
      '10.244.0.91': { ready: false },
    };
    expect(addresses(conditions)[V1]).toEqual(['10.244.0.91 UNHEALTHY']);
  });

  it('sends a subset without endpoints as an empty assignment', () => {
    const gone = { ready: false, serving: true, terminating: true };
    expect(assignments({ '10.244.0.90': gone, '10.244.0.91': gone }).get(V1)).toEqual({ cluster_name: V1 });
  });

  it('takes a pod with a draining label out of every cluster', () => {
    const state = recordedMesh();
    const [first] = state.pods;
    if (first?.metadata.labels !== undefined) first.metadata.labels['istio.io/draining'] = 'true';
    const base = computeSnapshot(SIDECAR_NODE, state)[ENDPOINT_TYPE].get(BASE) as ClusterLoadAssignmentJson;
    expect(base.endpoints?.[0]?.lb_endpoints).toHaveLength(3);
  });

  it('drops a destination of weight 0, so that one cluster is left', () => {
    const [v2] = TO_V2;
    if (v2 === undefined) throw new Error('no destination');
    const v1 = { destination: { ...v2.destination, subset: 'v1' } };
    const [route] = withRule({
      name: 'm',
      route: [
        { ...v2, weight: 100 },
        { ...v1, weight: 0 },
      ],
    });
    expect(route?.route).toMatchObject({ cluster: V2 });
    expect(JSON.stringify(route)).not.toContain(V1);
  });

  it('names routes after the rule and its match, and leaves an unnamed rule without a name', () => {
    const named = withRule({
      name: 'marker',
      match: [{ name: 'api', uri: { prefix: '/api' } }, { uri: { exact: '/x' } }],
      route: TO_V2,
    });
    expect(named.map((route) => [route.name, route.match])).toEqual([
      ['marker.api', { prefix: '/api' }],
      ['marker', { path: '/x' }],
    ]);
    expect(withRule({ route: TO_V2 })[0]).not.toHaveProperty('name');
  });

  it('stops at the first rule that takes everything', () => {
    const state = recordedMesh();
    for (const one of state.virtualServices) {
      if (one.metadata.name === 'cafe' && one.spec)
        one.spec.http = [
          { name: 'all', route: TO_V2 },
          { name: 'never', route: TO_V2 },
        ];
    }
    const hosts = routes(SIDECAR_NODE, state).get('8080')?.virtual_hosts ?? [];
    expect(hosts.find((host) => host.domains.includes('cafe'))?.routes?.map((route) => route.name)).toEqual([
      'all',
    ]);
  });

  it('turns retries off only when told', () => {
    expect(withRule({ route: TO_V2 })[0]?.route?.retry_policy).toMatchObject({ num_retries: 2 });
    expect(withRule({ route: TO_V2, retries: { attempts: 0 } })[0]?.route).not.toHaveProperty('retry_policy');
    expect(
      withRule({ route: TO_V2, retries: { attempts: 3, retryOn: 'reset,503', perTryTimeout: '2s' } })[0]
        ?.route?.retry_policy,
    ).toMatchObject({
      num_retries: 3,
      retry_on: 'reset,retriable-status-codes',
      retriable_status_codes: [503],
      per_try_timeout: '2s',
    });
  });

  it('gives a gateway without matching VirtualServices a black hole, and no routes without a Gateway', () => {
    const without = recordedMesh();
    without.virtualServices = [];
    expect(
      routes(GATEWAY_NODE, without)
        .get('http.8080')
        ?.virtual_hosts.map((host) => host.name),
    ).toEqual(['blackhole:80']);
    expect(routes(GATEWAY_NODE, { ...without, gateways: [] }).size).toBe(0);
  });

  it('routes a Service without VirtualService to its base cluster, and calls from another namespace by longer names', () => {
    const hosts = routes({ ...SIDECAR_NODE, namespace: 'elsewhere' }).get('8080')?.virtual_hosts ?? [];
    const plain = hosts.find((host) => host.name.startsWith('shop.ze-plain'));
    expect(plain?.routes?.[0]).toMatchObject({
      name: 'default',
      route: { cluster: 'outbound|8080||shop.ze-plain.svc.cluster.local' },
    });
    expect(hosts.find((host) => host.name.startsWith('cafe.ze-mesh'))?.domains).not.toContain('cafe');
  });

  it('gives a host without rules of its own those of the narrowest pattern that covers it', () => {
    const state = recordedMesh();
    const [route, rule] = [state.virtualServices[0], state.destinationRules[0]];
    if (route === undefined || rule === undefined) throw new Error('nothing recorded');
    const hostOf = (pattern: string) => `${pattern}.svc.cluster.local`;
    const patterns = ['*', '*.ze-plain'].map((pattern) => ({ pattern, name: pattern.slice(2) || 'all' }));
    for (const { pattern, name } of patterns) {
      const host = hostOf(pattern);
      const metadata = { ...rule.metadata, name, namespace: 'ze-plain' };
      state.virtualServices.push({
        ...route,
        metadata,
        spec: { hosts: [host], http: [{ name, route: [{ destination: { host: 'shop' } }] }] },
      });
      state.destinationRules.push({ ...rule, metadata, spec: { host, subsets: [{ name }] } });
    }
    const hosts = routes({ ...SIDECAR_NODE, namespace: 'ze-plain' }, state).get('8080')?.virtual_hosts ?? [];
    const namesOf = (host: string) =>
      hosts.find(({ name }) => name === `${host}:8080`)?.routes?.map(({ name }) => name);
    expect(namesOf(hostOf('shop.ze-plain'))).toEqual(['ze-plain']);
    expect(namesOf(hostOf('cafe.ze-mesh'))).not.toContain('all');
    // Both patterns have a Service of theirs, so neither is a host of its own.
    expect(hosts.filter(({ name }) => name.startsWith('*'))).toEqual([]);
    const clusters = [
      ...computeSnapshot({ ...SIDECAR_NODE, namespace: 'ze-plain' }, state)[CLUSTER_TYPE].keys(),
    ];
    expect(clusters).toContain(`outbound|8080|ze-plain|${hostOf('shop.ze-plain')}`);
    expect(clusters).not.toContain(`outbound|8080|all|${hostOf('shop.ze-plain')}`);
  });

  it('gives a port its own policy in place of the others, and a subset its parts in place of the host’s', () => {
    const state = recordedMesh();
    const limits = (maxConnections: number) => ({ connectionPool: { tcp: { maxConnections } } });
    for (const { spec } of state.destinationRules) {
      if (spec?.subsets === undefined) continue;
      spec.trafficPolicy = { ...limits(1), outlierDetection: { consecutiveGatewayErrors: 3 } };
      for (const subset of spec.subsets)
        if (subset.name === 'v1') subset.trafficPolicy = limits(2);
        else subset.trafficPolicy = { portLevelSettings: [{ port: { number: 8080 }, ...limits(3) }] };
    }
    const clusters = computeSnapshot(SIDECAR_NODE, state)[CLUSTER_TYPE] as Map<string, ClusterJson>;
    const of = (name: string) => {
      const { circuit_breakers: limited, outlier_detection: outliers } = clusters.get(name) ?? {};
      return [limited?.thresholds[0]?.max_connections, outliers?.consecutive_gateway_failure];
    };
    expect([BASE, V1, V2].map(of)).toEqual([
      [1, 3],
      [2, 3],
      [3, undefined],
    ]);
  });

  it('gives a workload the rule that selects it, in its own namespace only', () => {
    const state = recordedMesh();
    const [rule] = state.destinationRules.filter(({ spec }) => spec?.host?.startsWith('cafe'));
    if (rule === undefined) throw new Error('no DestinationRule recorded');
    state.destinationRules.push({
      ...rule,
      metadata: { ...rule.metadata, name: 'selecting' },
      spec: {
        host: rule.spec?.host ?? '',
        workloadSelector: { matchLabels: { app: 'till' } },
        subsets: [{ name: 'own' }],
      },
    });
    const subsets = (node: Partial<typeof SIDECAR_NODE>) =>
      [...new SnapshotCache().snapshot({ ...SIDECAR_NODE, ...node }, state)[CLUSTER_TYPE].keys()]
        .filter((name) => name.includes('|cafe.'))
        .map((name) => name.split('|')[2]);
    expect(subsets({ labels: { app: 'till' } })).toEqual(['', 'own']);
    expect(subsets({ labels: { app: 'other' } })).not.toContain('own');
    expect(subsets({ labels: { app: 'till' }, namespace: 'ze-plain' })).not.toContain('own');
  });

  it('takes a VirtualService without a rule for this caller as none', () => {
    const hosts = routes(SIDECAR_NODE, onlyForGateways()).get('8080')?.virtual_hosts ?? [];
    const cafe = hosts.find((host) => host.domains.includes('cafe'));
    expect(cafe?.routes?.map(({ name, route }) => [name, route?.cluster])).toEqual([['default', BASE]]);
  });

  it('keeps a resource’s identity from one computation to the next when nothing in it changed', () => {
    const cache = new SnapshotCache();
    const before = cache.snapshot(GATEWAY_NODE, recordedMesh());
    cache.invalidate();
    cache.invalidate();
    const state = recordedMesh();
    for (const rule of state.destinationRules)
      if (rule.spec) rule.spec.subsets = rule.spec.subsets?.slice(0, 1) ?? [];
    const after = cache.snapshot(GATEWAY_NODE, state);
    expect(after[CLUSTER_TYPE].get(V1)).toBe(before[CLUSTER_TYPE].get(V1));
    expect(after[ROUTE_TYPE].get('http.8080')).toBe(before[ROUTE_TYPE].get('http.8080'));
    expect(after[CLUSTER_TYPE].has(V2)).toBe(false);
  });
});

function onlyForGateways() {
  const state = recordedMesh();
  for (const { spec } of state.virtualServices)
    for (const rule of spec?.http ?? []) rule.match = [{ gateways: ['some-gateway'] }];
  return state;
}

function assignments(conditions: Record<string, SliceConditions>): Map<string, ClusterLoadAssignmentJson> {
  return computeSnapshot(SIDECAR_NODE, recordedMesh(conditions))[ENDPOINT_TYPE] as Map<
    string,
    ClusterLoadAssignmentJson
  >;
}

function addresses(conditions: Record<string, SliceConditions>): Record<string, string[]> {
  const all = [...assignments(conditions)].filter(([name]) => name.includes('cafe'));
  return Object.fromEntries(
    all.map(([name, assignment]) => [
      name,
      (assignment.endpoints ?? []).flatMap((locality) =>
        locality.lb_endpoints.map(({ endpoint, health_status: health }) =>
          [endpoint.address.socket_address.address, health].filter(Boolean).join(' '),
        ),
      ),
    ]),
  );
}
