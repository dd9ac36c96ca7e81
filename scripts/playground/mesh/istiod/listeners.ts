import type { ListenerJson, RouteConfigJson } from '../xds-types.ts';

function wildcard(port: number): ListenerJson['address'] {
  return { socket_address: { address: '0.0.0.0', port_value: port } };
}

function tcpProxy(cluster: string): NonNullable<ListenerJson['default_filter_chain']>['filters'][number] {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: { '@type': type, stat_prefix: cluster, cluster },
  };
}

/** A gateway listens on the pod port of each of its HTTP route configurations. */
export function gatewayListeners(routes: RouteConfigJson[]): ListenerJson[] {
  return routes.map((config) => {
    const port = Number(config.name.slice('http.'.length));
    return {
      name: `0.0.0.0_${port}`,
      address: wildcard(port),
      traffic_direction: 'OUTBOUND',
      route_config_name: config.name,
    };
  });
}

/**
 * A sidecar listens on each port some Service speaks HTTP on, and on the two ports all traffic is redirected
 * to. What has no listener of its own goes where it wanted to, or nowhere.
 */
export function sidecarListeners(routes: RouteConfigJson[], refusesUnknown: boolean): ListenerJson[] {
  const outbound = routes
    .filter((config) => /^\d+$/.test(config.name))
    .map((config): ListenerJson => {
      const port = Number(config.name);
      return {
        name: `0.0.0.0_${port}`,
        address: wildcard(port),
        traffic_direction: 'OUTBOUND',
        route_config_name: config.name,
      };
    });
  return [
    ...outbound,
    {
      name: 'virtualOutbound',
      address: wildcard(15001),
      traffic_direction: 'OUTBOUND',
      default_filter_chain: {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpProxy(refusesUnknown ? 'BlackHoleCluster' : 'PassthroughCluster')],
      },
    },
    { name: 'virtualInbound', address: wildcard(15006), traffic_direction: 'INBOUND' },
  ];
}
