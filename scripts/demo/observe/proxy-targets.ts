/** Where a proxy sends the requests of an app, read from its Envoy's configuration. */
import type { EndpointsDump, RoutesDump } from '../../shared/istio/envoy-answers.ts';
import { parseClusterName } from '../../shared/istio/names.ts';

export const routesPath = '/config_dump?resource=dynamic_route_configs';
export const endpointsPath = '/config_dump?include_eds&resource=dynamic_endpoint_configs';

export interface ProxyTargets {
  /** The versions its routes name, by subset or by Service; `''` is the cluster of all versions. */
  subsets: string[];
  /** Healthy addresses of these subsets. */
  addresses: string[];
}

/**
 * @param app the Service's name; clusters are called
 * `outbound|8080|v1|coffee-shop.default.svc.cluster.local`, or
 * `outbound|8080||coffee-shop-v1.default.svc.cluster.local` where a version has a Service
 */
export function readTargets(routes: unknown, endpoints: unknown, app: string): ProxyTargets {
  const used = new Set<string>();
  for (const { route_config: config } of (routes as RoutesDump).configs ?? []) {
    for (const { name: called = '', routes: list } of config?.virtual_hosts ?? []) {
      // What a sidecar has for a version's own name is no route of the app.
      if (versionOfHost(called.replace(/:\d+$/, ''), app)) continue;
      for (const { route } of list ?? []) {
        const weighted = route?.weighted_clusters?.clusters ?? [];
        const names = [
          route?.cluster,
          ...weighted.filter(({ weight }) => weight !== 0).map(({ name }) => name),
        ];
        for (const name of names)
          if (name !== undefined && versionIn(name, app) !== undefined) used.add(name);
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
    subsets: [...new Set([...used].map((name) => versionIn(name, app) ?? ''))].sort(),
    addresses: [...addresses].sort(),
  };
}

/** The version that a cluster is of, `''` for all of them; undefined when it is another app's. */
function versionIn(cluster: string, app: string): string | undefined {
  const { host, subset } = parseClusterName(cluster) ?? {};
  if (host === app || host?.startsWith(`${app}.`) === true) return subset;
  return host === undefined ? undefined : versionOfHost(host, app);
}

/** The version whose Service has this host: `coffee-shop-v1.default` beside `coffee-shop.default`. */
function versionOfHost(host: string, app: string): string | undefined {
  const [service = '', namespace] = app.split('.');
  const [name = '', home] = host.split('.');
  if (!name.startsWith(`${service}-`) || (namespace !== undefined && home !== namespace)) return undefined;
  return name.slice(service.length + 1);
}
