/** Where a proxy sends the requests of an app, read from its Envoy's configuration. */
import type { EndpointsDump, RoutesDump } from '../../shared/istio/envoy-answers.ts';
import { parseClusterName } from '../../shared/istio/names.ts';

export const routesPath = '/config_dump?resource=dynamic_route_configs';
export const endpointsPath = '/config_dump?include_eds&resource=dynamic_endpoint_configs';

export interface ProxyTargets {
  /** Subsets its routes name; `''` is the cluster of all versions. */
  subsets: string[];
  /** Healthy addresses of these subsets. */
  addresses: string[];
}

/**
 * @param app the Service's name; clusters are called `outbound|8080|v1|coffee-shop.default.svc.cluster.local`
 */
export function readTargets(routes: unknown, endpoints: unknown, app: string): ProxyTargets {
  const used = new Set<string>();
  for (const { route_config: config } of (routes as RoutesDump).configs ?? []) {
    for (const { routes: list } of config?.virtual_hosts ?? []) {
      for (const { route } of list ?? []) {
        const weighted = route?.weighted_clusters?.clusters ?? [];
        const names = [
          route?.cluster,
          ...weighted.filter(({ weight }) => weight !== 0).map(({ name }) => name),
        ];
        for (const name of names) if (name !== undefined && isOf(name, app)) used.add(name);
      }
    }
  }
  const addresses = new Set<string>();
  for (const { endpoint_config: config } of (endpoints as EndpointsDump).configs ?? []) {
    if (!used.has(config?.cluster_name ?? '')) continue;
    for (const { lb_endpoints: list } of config?.endpoints ?? []) {
      for (const { endpoint, health_status: health = 'HEALTHY' } of list ?? []) {
        const address = endpoint?.address?.socket_address?.address;
        if (address !== undefined && health === 'HEALTHY') addresses.add(address);
      }
    }
  }
  return {
    subsets: [...new Set([...used].map((name) => parseClusterName(name)?.subset ?? ''))].sort(),
    addresses: [...addresses].sort(),
  };
}

function isOf(cluster: string, app: string): boolean {
  const host = parseClusterName(cluster)?.host;
  return host === app || host?.startsWith(`${app}.`) === true;
}
