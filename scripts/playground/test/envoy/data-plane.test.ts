import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { encode } from '../../mesh/data-plane/envoy/protobuf/encode.ts';
import { DEFAULT_RETRY_POLICY } from '../../mesh/istiod/retry-policy.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  type ClusterJson,
  type RouteJson,
} from '../../mesh/xds-types.ts';
import { echo, startApp, type TestServer } from '../mesh/support/apps.ts';
import { ask, post } from '../mesh/support/raw-client.ts';
import { describeWithEnvoy } from './support/envoy.ts';
import { APP_CLUSTER, GatewayBench, routeConfig } from './support/gateway-bench.ts';

/** A route with every field that istiod here can write. */
const ROUTES: RouteJson[] = [
  {
    match: {
      path: '/exact',
      case_sensitive: false,
      headers: [
        { name: 'x-a', string_match: { exact: 'b' } },
        { name: 'x-p', string_match: { prefix: 'pre', ignore_case: true }, invert_match: true },
        { name: 'x-here', present_match: true },
      ],
      query_parameters: [{ name: 'q', string_match: { safe_regex: { regex: '[a-z]+' } } }],
    },
    route: {
      weighted_clusters: {
        clusters: [
          { name: APP_CLUSTER, weight: 90 },
          { name: 'outbound|8080|v2|app.default.svc.cluster.local', weight: 10 },
        ],
      },
      prefix_rewrite: '/other',
      host_rewrite_literal: 'elsewhere.example',
      timeout: '1.500s',
      retry_policy: {
        ...DEFAULT_RETRY_POLICY,
        per_try_timeout: '0.250s',
        retriable_status_codes: [503, 504],
      },
      request_mirror_policies: [
        { cluster: APP_CLUSTER, runtime_fraction: { default_value: { numerator: 10 } } },
      ],
      max_grpc_timeout: '1.500s',
    },
    metadata: { filter_metadata: { istio: { config: '/apis/x/virtual-service/app' } } },
    decorator: { operation: 'app.default.svc.cluster.local:8080/*' },
    typed_per_filter_config: {
      'envoy.filters.http.fault': {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
        delay: { fixed_delay: '0.010s', percentage: { numerator: 500_000, denominator: 'MILLION' } },
        abort: { http_status: 418, percentage: { numerator: 10_000, denominator: 'MILLION' } },
      },
    },
    request_headers_to_add: [
      { header: { key: 'x-add', value: '1' } },
      { header: { key: 'x-set', value: '2' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
    ],
    request_headers_to_remove: ['x-gone'],
    response_headers_to_add: [{ header: { key: 'x-back', value: '3' } }],
    response_headers_to_remove: ['x-secret'],
    name: 'm-all',
    stat_prefix: 'stats-of-all',
  },
  {
    match: { safe_regex: { regex: '/re.*' } },
    redirect: {
      host_redirect: 'a.example',
      path_redirect: '/p',
      port_redirect: 8443,
      scheme_redirect: 'https',
      response_code: 'TEMPORARY_REDIRECT',
    },
    name: 'm-redirect',
  },
  {
    match: { prefix: '/direct' },
    direct_response: { status: 202, body: { inline_string: 'so be it' } },
    name: 'm-direct',
  },
];

describeWithEnvoy('a real Envoy, fed by the incremental discovery service', (binary) => {
  let bench: GatewayBench;
  let app: TestServer;
  beforeAll(async () => {
    bench = await GatewayBench.start(binary);
    app = await startApp(echo);
    await bench.serve([app.address]);
  });
  afterAll(async () => {
    await bench.close();
    await app.close();
  });

  it('reads every field of a route as it was written', async () => {
    expect(await bench.route(ROUTES)).not.toHaveProperty('error');
    const [shown] = await bench.dump('dynamic_route_configs');
    expect(shown?.['route_config']).toEqual({
      '@type': ROUTE_TYPE,
      ...routeConfig(ROUTES),
    });
  });

  it('reads every field of a cluster and its endpoints as they were written, with the pods’ addresses', async () => {
    const cluster: ClusterJson = {
      name: 'outbound|8080|v9|app.default.svc.cluster.local',
      type: 'EDS',
      eds_cluster_config: {
        eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
        service_name: 'outbound|8080|v9|app.default.svc.cluster.local',
      },
      connect_timeout: '2.500s',
      lb_policy: 'LEAST_REQUEST',
      circuit_breakers: {
        thresholds: [
          { max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4_294_967_295 },
        ],
      },
      metadata: {
        filter_metadata: {
          istio: {
            services: [{ host: 'app', name: 'app', namespace: 'default' }],
            config: '/dr',
            subset: 'v9',
          },
        },
      },
      common_lb_config: { healthy_panic_threshold: {} },
      alt_stat_name: 'outbound|8080|v9|app.default.svc.cluster.local;',
    };
    const endpoint = {
      endpoint: {
        address: { socket_address: { address: '10.0.0.7', port_value: 8080 } },
        health_check_config: {},
      },
      metadata: { filter_metadata: { istio: { workload: 'app;default;app;v9;Kubernetes' } } },
      load_balancing_weight: 1,
    };
    const unhealthy = {
      ...endpoint,
      endpoint: {
        ...endpoint.endpoint,
        address: { socket_address: { address: '10.0.0.8', port_value: 8080 } },
      },
      health_status: 'UNHEALTHY' as const,
    };
    await Promise.all([
      bench.tell('gateway', CLUSTER_TYPE, [cluster]),
      bench.tell(
        'gateway',
        ENDPOINT_TYPE,
        [
          {
            cluster_name: cluster.name,
            endpoints: [{ locality: {}, lb_endpoints: [endpoint, unhealthy], load_balancing_weight: 2 }],
          },
        ],
        [],
        [
          ['10.0.0.7:8080', app.address],
          ['10.0.0.8:8080', { host: '127.0.0.1', port: 9 }],
        ],
      ),
    ]);
    const clusters = await bench.dump('dynamic_active_clusters');
    expect(clusters.map((one) => one['cluster'])).toContainEqual({ '@type': CLUSTER_TYPE, ...cluster });
    const endpoints = (await bench.dump('dynamic_endpoint_configs')).map((one) => one['endpoint_config']);
    expect(endpoints).toContainEqual(
      expect.objectContaining({
        cluster_name: cluster.name,
        endpoints: [
          {
            locality: {},
            lb_endpoints: [{ ...endpoint, health_status: 'HEALTHY' }, unhealthy],
            load_balancing_weight: 2,
          },
        ],
      }),
    );
    await bench.tell('gateway', CLUSTER_TYPE, [], [cluster.name]);
    expect((await bench.dump('dynamic_active_clusters')).length).toBe(clusters.length - 1);
  });

  it('serves again at once when a cluster changes, whose endpoints it then asks for anew', async () => {
    await bench.serve([app.address]);
    const [before] = await bench.dump('dynamic_active_clusters');
    const changed = { ...(before?.['cluster'] as ClusterJson), connect_timeout: '3s' };
    const answer = await bench.tell('gateway', CLUSTER_TYPE, [changed]);
    expect(answer).toMatchObject({ warming: 0 });
    const [after] = await bench.dump('dynamic_active_clusters');
    expect(after?.['cluster']).toMatchObject({ connect_timeout: '3s' });
    expect((await ask(bench.address, post('/', 'app.example'))).status).toBe(200);
  });

  it('rejects what it cannot obey, says why, and keeps what it had', async () => {
    await bench.serve([app.address]);
    const config = routeConfig(ROUTES);
    const twice = { ...config, virtual_hosts: [...config.virtual_hosts, ...config.virtual_hosts] };
    const answer = await bench.tell('gateway', ROUTE_TYPE, [twice]);
    expect(answer.error).toMatch(
      /Only unique names for virtual hosts are permitted|Only unique values for domains/,
    );
    expect((await ask(bench.address, post('/', 'app.example'))).status).toBe(200);
    const listener = await bench.tell('gateway', LISTENER_TYPE, [
      {
        name: '0.0.0.0_9999',
        address: { socket_address: { address: 'not-an-address', port_value: 9999 } },
        route_config_name: 'http.9999',
      },
    ]);
    expect(listener.error).toMatch(/malformed IP address|not-an-address/);
  });

  it('is never sent what the schema does not know', () => {
    expect(() => encode('envoy.config.route.v3.Route', { match: { prefix: '/', soon: 1 } })).toThrow(
      'envoy.config.route.v3.Route.match: envoy.config.route.v3.RouteMatch has no field soon in the schema',
    );
  });
});
