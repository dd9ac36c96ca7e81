import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answer } from '../../../mesh/data-plane/admin/server.ts';
import type { Proxy } from '../../../mesh/data-plane/proxy.ts';
import { hostPolicy, outboundClusters } from '../../../mesh/istiod/clusters.ts';
import { computeSnapshot } from '../../../mesh/istiod/snapshot.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, PUSH_ORDER, ROUTE_TYPE } from '../../../mesh/xds-types.ts';
import { echo, startApp, type TestServer } from '../support/apps.ts';
import { fixture } from '../support/fixture.ts';
import { give, giveRoute, giveService, service, startGateway, type Address } from '../support/proxies.ts';
import { ask, post } from '../support/raw-client.ts';
import { until } from '../support/test-mesh.ts';
import { GATEWAY_NODE, recordedMesh } from '../support/recorded-mesh.ts';

// The proxy is given what the recorded one had; its answers must be the recorded ones.

let proxy: Proxy;
let address: Address;
beforeEach(async () => {
  ({ proxy, address } = await startGateway());
});
afterEach(() => proxy.kill());

function ask200(path: string): unknown {
  const { status, type, body } = get(path);
  expect([status, type]).toEqual([200, 'application/json']);
  return JSON.parse(body);
}

function get(path: string, method = 'GET') {
  return answer(proxy, method, new URL(path, 'http://admin'));
}

async function loadRecorded(): Promise<void> {
  const snapshot = computeSnapshot(GATEWAY_NODE, recordedMesh());
  for (const type of PUSH_ORDER) await give(proxy, type, [...snapshot[type].values()]);
}

/** Times differ from run to run. */
function timeless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => (key === 'last_updated' ? 'T' : field)));
}

const CAFE = encodeURIComponent('outbound\\|8080\\|[^|]*\\|cafe\\.ze-mesh\\.svc\\.cluster\\.local');

describe('the admin port', () => {
  it.each(['constructor', '__proto__', 'toString'])('knows no resource %s', (resource) => {
    expect(get(`/config_dump?resource=${resource}`)).toMatchObject({ status: 404 });
  });

  it('refuses a filter that RE2 would refuse', () => {
    expect(get('/stats?filter=(?=x)')).toMatchObject({ status: 400, body: 'Invalid re2 regex' });
    expect(get('/stats?filter=(')).toMatchObject({ status: 400 });
  });

  it.each([
    ['endpoints', `/config_dump?include_eds&resource=dynamic_endpoint_configs&name_regex=${CAFE}`],
    ['active_clusters', `/config_dump?resource=dynamic_active_clusters&name_regex=${CAFE}`],
    [
      'routes',
      `/config_dump?resource=dynamic_route_configs&name_regex=${encodeURIComponent('8080|http\\.[0-9]+')}`,
    ],
  ])('gives the recorded %s', async (what, path) => {
    await loadRecorded();
    const given = timeless(ask200(path));
    const recorded = timeless(fixture(`gateway.${what}.4-canary-90-10`));
    if (what === 'endpoints') expect(withoutWorkload(given)).toEqual(withoutWorkload(recorded));
    else expect(given).toEqual(recorded);
  });

  it('shows a cluster without endpoints as warming, and nowhere else', async () => {
    await giveService(proxy, service(1));
    const rule = recordedMesh().destinationRules.map((one) => ({
      ...one,
      spec: { ...one.spec, host: 'app.default.svc.cluster.local' },
    }));
    const policy = hostPolicy(service(1), rule, 'ze-mesh');
    await give(proxy, CLUSTER_TYPE, outboundClusters(service(1), policy));
    const names = (path: string) =>
      [...JSON.stringify(ask200(path)).matchAll(/"(?:cluster_)?name":"(outbound[^"]*)"/g)].map(
        (found) => found[1],
      );
    const subsets = [
      'outbound|8080|v1|app.default.svc.cluster.local',
      'outbound|8080|v2|app.default.svc.cluster.local',
    ];
    const base = 'outbound|8080||app.default.svc.cluster.local';
    expect(names('/config_dump?resource=dynamic_warming_clusters&mask=cluster.name')).toEqual(subsets);
    expect(names('/config_dump?resource=dynamic_active_clusters&mask=cluster.name')).toEqual([base]);
    expect(names('/config_dump?include_eds&resource=dynamic_endpoint_configs')).toEqual([base]);
    expect(names('/clusters?format=json')).toEqual([base]);
    expect(get('/stats?filter=warming').body).toBe('cluster_manager.warming_clusters: 2\n');
    await give(
      proxy,
      ENDPOINT_TYPE,
      subsets.map((name) => ({ cluster_name: name })),
    );
    expect(names('/config_dump?resource=dynamic_active_clusters&mask=cluster.name')).toEqual([
      ...subsets,
      base,
    ]);
    expect(ask200('/config_dump?resource=dynamic_warming_clusters')).toEqual({});
  });

  it('keeps only what a mask names', async () => {
    await giveService(proxy, service(1));
    expect(ask200('/config_dump?resource=dynamic_active_clusters&mask=cluster.name')).toEqual({
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump.DynamicCluster',
          cluster: {
            '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
            name: 'outbound|8080||app.default.svc.cluster.local',
          },
        },
      ],
    });
  });

  it('matches whole names only, and answers {} when none does', async () => {
    await giveService(proxy, service(1));
    expect(ask200('/config_dump?resource=dynamic_active_clusters&name_regex=outbound')).toEqual({});
  });

  it('refuses a pattern that is none, and a resource that there is not, in Envoy’s words', () => {
    expect(get('/config_dump?resource=dynamic_active_clusters&name_regex=(')).toMatchObject({
      status: 400,
      body: 'INVALID_ARGUMENT: Error while parsing name_regex from (: missing ): (',
    });
    expect(get('/config_dump?resource=nope')).toMatchObject({
      status: 404,
      body: 'nope not found in config dump',
    });
  });

  it('shows of the clusters those whose name a filter matches anywhere, and refuses a pattern that is none', async () => {
    await loadRecorded();
    const filter = (pattern: string) => `/clusters?format=json&filter=${encodeURIComponent(pattern)}`;
    const shown = (path: string) =>
      (ask200(path) as { cluster_statuses: { name: string }[] }).cluster_statuses.map(({ name }) => name);
    const all = shown('/clusters?format=json');
    const cafe = shown(filter('.*[|.]cafe\\.ze-mesh\\.svc\\.cluster\\.local'));
    expect(cafe).toEqual(all.filter((name) => name.endsWith('|cafe.ze-mesh.svc.cluster.local')));
    expect(cafe.length).toBeGreaterThan(0);
    expect(cafe.length).toBeLessThan(all.length);
    expect(shown(filter('no such cluster'))).toEqual([]);
    expect(get('/clusters?filter=cafe').body).not.toContain('tea.ze-mesh');
    expect(get('/clusters?filter=(')).toMatchObject({ status: 400, body: 'Invalid re2 regex' });
  });

  it('counts requests and connections per host, in the recorded form', async () => {
    const server: TestServer = await startApp(echo);
    const gateway = await startGateway([server.address]);
    proxy.kill();
    ({ proxy, address } = gateway);
    await giveService(proxy, service(1));
    await giveRoute(proxy);
    for (let i = 0; i < 3; i += 1) await ask(address, post('/', 'app.example'));
    const {
      cluster_statuses: [status],
    } = ask200('/clusters?format=json') as { cluster_statuses: [{ host_statuses: { stats: object[] }[] }] };
    expect(status.host_statuses[0]?.stats).toEqual([
      { name: 'cx_connect_fail' },
      { name: 'cx_total', value: '1' },
      { name: 'rq_error' },
      { name: 'rq_success', value: '3' },
      { name: 'rq_timeout' },
      { name: 'rq_total', value: '3' },
      { name: 'cx_active', type: 'GAUGE', value: '1' },
      { name: 'rq_active', type: 'GAUGE' },
      { name: 'rq_pending_active', type: 'GAUGE' },
    ]);
    const recorded = fixture('gateway.clusters-one-cluster') as { host_statuses: object[] };
    expect(Object.keys(status)).toEqual(Object.keys(recorded));
    expect(Object.keys(status.host_statuses[0] ?? {})).toEqual(Object.keys(recorded.host_statuses[0] ?? {}));
    await server.close();
  });

  it('shows a request in flight as active at its host until it is answered', async () => {
    let finish: (() => void) | undefined;
    const server = await startApp((request, response) => {
      request.resume();
      finish = () => void response.end('done');
    });
    const gateway = await startGateway([server.address]);
    proxy.kill();
    ({ proxy, address } = gateway);
    await giveService(proxy, service(1));
    await giveRoute(proxy);
    const active = () => /rq_active::(\d+)/.exec(get('/clusters').body)?.[1];
    const pending = ask(address, post('/', 'app.example'));
    await until('the app has the request', () => finish !== undefined);
    expect(active()).toBe('1');
    finish?.();
    await pending;
    expect(active()).toBe('0');
    await server.close();
  });

  it('says when it is ready, and that it drains', () => {
    expect(get('/ready').body).toBe('LIVE\n');
    expect(get('/drain_listeners').status).toBe(405);
    expect(get('/drain_listeners', 'POST').status).toBe(200);
    expect(get('/ready')).toMatchObject({ status: 503, body: 'DRAINING\n' });
    expect(ask200('/server_info')).toMatchObject({
      state: 'DRAINING',
      node: { id: 'router~10.0.1.1~istio-ingressgateway-1.istio-system~istio-system.svc.cluster.local' },
    });
  });

  it('rejects routes it cannot obey and keeps those it had', async () => {
    await giveRoute(proxy);
    const twice = { name: 'a', domains: ['*'], routes: [] };
    const error = await give(proxy, ROUTE_TYPE, [
      { name: 'http.8080', virtual_hosts: [twice, { ...twice, name: 'b' }], validate_clusters: false },
    ]);
    expect(error).toBe('Only a single wildcard domain is permitted in route http.8080');
    expect(JSON.stringify(ask200('/config_dump?resource=dynamic_route_configs'))).toContain('"r-app"');
  });
});

/** The recorded pods' workload metadata names their Deployment; this test's pods are named otherwise. */
function withoutWorkload(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => (key === 'workload' ? 'W' : field)));
}
