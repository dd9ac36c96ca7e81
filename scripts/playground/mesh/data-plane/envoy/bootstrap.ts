import type { SocketAddress } from '../../../network-types.ts';
import type { ProxySpec } from '../messages.ts';
import { envoyAddress, envoyAddresses } from './addresses.ts';

/** `sidecar~10.244.0.5~pod.namespace~namespace.svc.cluster.local`, by which istiod knows a proxy. */
export function nodeId({ type, podIp, name }: ProxySpec): string {
  return `${type}~${podIp}~${name}~${namespaceOf(name)}.svc.cluster.local`;
}

function namespaceOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const CONNECTION_MANAGER =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/**
 * The bootstrap configuration of an Envoy, before any push of istiod: the admin port, the address of the
 * configuration server, and the two listeners for health and metrics. As
 * Istio's bootstrap, with sockets of this machine in place of the pod's ports.
 * https://github.com/istio/istio/blob/master/tools/packaging/common/envoy_bootstrap.json
 */
export function bootstrap(
  spec: ProxySpec,
  { adminSocket, adsSocket, agent }: { adminSocket: string; adsSocket: string; agent: SocketAddress },
): object {
  return {
    node: {
      id: nodeId(spec),
      cluster: `${clusterOf(spec.name)}.${namespaceOf(spec.name)}`,
      metadata: {
        NAME: spec.name.slice(0, spec.name.lastIndexOf('.')),
        NAMESPACE: namespaceOf(spec.name),
        CLUSTER_ID: 'Kubernetes',
      },
    },
    admin: { address: { pipe: { path: adminSocket } } },
    dynamic_resources: {
      lds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      cds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    stats_config: {
      use_all_default_tags: true,
      stats_matcher: {
        inclusion_list: {
          patterns: [...INCLUDED_STATS, ...(spec.statsPrefixes ?? []).map((prefix) => ({ prefix }))],
        },
      },
    },
    static_resources: {
      clusters: [
        staticCluster('prometheus_stats', { pipe: { path: adminSocket } }),
        staticCluster('agent', envoyAddress(agent)),
        {
          ...staticCluster('xds-grpc', { pipe: { path: adsSocket } }),
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            [HTTP_PROTOCOL_OPTIONS]: {
              '@type': `type.googleapis.com/${HTTP_PROTOCOL_OPTIONS}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
      listeners: [
        forwarding('0.0.0.0_15090', spec.stats, '/stats/prometheus', 'prometheus_stats', 'stats'),
        forwarding('0.0.0.0_15021', spec.health, '/healthz/ready', 'agent', 'agent'),
      ],
    },
  };
}

/**
 * Istio's default selection: most statistics of single clusters are
 * left out, the route statistics of `statPrefix` are in.
 * https://istio.io/latest/docs/ops/configuration/telemetry/envoy-stats/
 */
const INCLUDED_STATS = [
  ...['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'].map((prefix) => ({
    prefix,
  })),
  ...['downstream_cx_active', 'downstream_rq_active'].map((suffix) => ({ suffix })),
  { safe_regex: { regex: 'vhost\\..*\\.route\\..*' } },
];

function clusterOf(name: string): string {
  const pod = name.slice(0, name.lastIndexOf('.'));
  return pod.split('-').slice(0, -2).join('-') || pod;
}

function staticCluster(name: string, address: object): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '0.250s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

function forwarding(
  name: string,
  sockets: SocketAddress[],
  path: string,
  cluster: string,
  statPrefix: string,
): object {
  return {
    name,
    ...envoyAddresses(sockets),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': CONNECTION_MANAGER,
              stat_prefix: statPrefix,
              route_config: {
                virtual_hosts: [
                  {
                    name: 'backend',
                    domains: ['*'],
                    routes: [{ match: { prefix: path }, route: { cluster } }],
                  },
                ],
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
