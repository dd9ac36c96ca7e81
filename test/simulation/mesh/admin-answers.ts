/**
 * What an Envoy's admin port answers, in the shapes recorded from a
 * real one (test/fixtures/istio). Absent numbers mean 0.
 */
import { clusterName, routeReference } from './config.ts';
import type { HostCounters, Proxy, ProxyCluster } from './proxy.ts';
import { NAMESPACE, PORT } from '../world/manifests.ts';

export interface AdminAnswer {
  status: number;
  body: string;
}

export function createAdmin(proxy: Proxy): (path: string) => AdminAnswer {
  /** A dump is asked for far more often than what it shows changes. */
  const dumps = new Map<string, { revision: number; body: string }>();
  return (path) => {
    const { pathname, searchParams } = parsed(path);
    if (pathname === '/ready')
      return proxy.isLive ? { status: 200, body: 'LIVE\n' } : { status: 503, body: 'PRE_INITIALIZING\n' };
    if (pathname === '/clusters') return { status: 200, body: statuses(proxy, searchParams.get('filter')) };
    if (pathname === '/config_dump') {
      const known = dumps.get(path);
      if (known?.revision === proxy.revision) return { status: 200, body: known.body };
      const body = JSON.stringify(dump(proxy, searchParams));
      dumps.set(path, { revision: proxy.revision, body });
      return { status: 200, body };
    }
    // Istio's bootstrap counts little of its own accord: nobody timed anything here.
    if (pathname.startsWith('/stats')) return { status: 200, body: '' };
    return { status: 404, body: 'invalid path\n' };
  };
}

const paths = new Map<string, URL>();
function parsed(path: string): URL {
  const known = paths.get(path) ?? new URL(path, 'http://localhost');
  paths.set(path, known);
  return known;
}

const patterns = new Map<string, RegExp>();
function compiled(pattern: string): RegExp {
  const regex = patterns.get(pattern) ?? new RegExp(pattern);
  patterns.set(pattern, regex);
  return regex;
}

/** RE2, and of the whole name. */
function matcher(query: URLSearchParams): (name: string) => boolean {
  const pattern = query.get('name_regex');
  if (pattern === null) return () => true;
  const regex = compiled(`^(?:${pattern})$`);
  return (name) => regex.test(name);
}

function dump(proxy: Proxy, query: URLSearchParams): object {
  const isWanted = matcher(query);
  const resource = query.get('resource');
  const clusters = [...proxy.clusters].filter(([subset]) => isWanted(clusterName(subset)));
  const active = clusters.filter(([, { isActive }]) => isActive);
  const warming = clusters.filter(([, { isActive }]) => !isActive);
  const routes = isWanted(routeConfigName(proxy)) && proxy.routes.length > 0 ? [routeConfig(proxy)] : [];
  const parts: Record<string, object[]> = {
    dynamic_active_clusters: active.map(clusterConfig),
    dynamic_warming_clusters: warming.map(clusterConfig),
    dynamic_endpoint_configs: query.has('include_eds') ? active.map(endpointConfig) : [],
    dynamic_route_configs: routes,
  };
  const configs = resource === null ? Object.values(parts).flat() : (parts[resource] ?? []);
  return configs.length === 0 ? {} : { configs };
}

const type = (name: string) => `type.googleapis.com/envoy.${name}`;

function clusterConfig([subset]: [string, ProxyCluster]): object {
  return {
    '@type': type('admin.v3.ClustersConfigDump.DynamicCluster'),
    cluster: { '@type': type('config.cluster.v3.Cluster'), name: clusterName(subset), type: 'EDS' },
  };
}

const addressOf = (ip: string) => ({ socket_address: { address: ip, port_value: PORT } });

function endpointConfig([subset, { hosts }]: [string, ProxyCluster]): object {
  const endpoints = [...hosts.keys()].map((ip) => ({
    endpoint: { address: addressOf(ip) },
    health_status: 'HEALTHY',
    load_balancing_weight: 1,
  }));
  return {
    '@type': type('admin.v3.EndpointsConfigDump.DynamicEndpointConfig'),
    endpoint_config: {
      '@type': type('config.endpoint.v3.ClusterLoadAssignment'),
      cluster_name: clusterName(subset),
      endpoints: [{ locality: {}, lb_endpoints: endpoints }],
    },
  };
}

const routeConfigName = (proxy: Proxy) => (proxy.type === 'router' ? `http.${PORT}` : String(PORT));

function routeConfig(proxy: Proxy): object {
  const config = proxy.routesFrom === '' ? undefined : routeReference(proxy.routesFrom);
  const routes = proxy.routes.map(({ name, isBeta, clusters }) => {
    const [only] = clusters;
    const weighted = clusters.map(({ subset, weight }) => ({ name: clusterName(subset), weight }));
    return {
      match: { prefix: '/', ...(isBeta ? { headers: [{ name: 'x-beta' }] } : {}) },
      name,
      route:
        clusters.length === 1 && only
          ? { cluster: clusterName(only.subset) }
          : { weighted_clusters: { clusters: weighted } },
      ...(config === undefined ? {} : { metadata: { filter_metadata: { istio: { config } } } }),
    };
  });
  return {
    '@type': type('admin.v3.RoutesConfigDump.DynamicRouteConfig'),
    route_config: {
      '@type': type('config.route.v3.RouteConfiguration'),
      name: routeConfigName(proxy),
      virtual_hosts: [{ name: `coffee-shop.${NAMESPACE}.svc.cluster.local:${PORT}`, routes }],
    },
  };
}

function statuses({ clusters }: Proxy, filter: string | null): string {
  const pattern = filter === null ? undefined : compiled(filter);
  const cluster_statuses = [...clusters]
    .filter(([subset, { isActive }]) => isActive && (pattern?.test(clusterName(subset)) ?? true))
    .map(([subset, { hosts }]) => ({
      name: clusterName(subset),
      added_via_api: true,
      host_statuses: [...hosts].map(([ip, counters]) => ({
        address: addressOf(ip),
        stats: statsOf(counters),
        health_status: { eds_health_status: 'HEALTHY' },
      })),
    }));
  return JSON.stringify({ cluster_statuses });
}

function statsOf({ active, total, success, error }: HostCounters): object[] {
  const stat = (name: string, value: number) => (value === 0 ? { name } : { name, value: String(value) });
  return [
    stat('rq_error', error),
    stat('rq_success', success),
    stat('rq_total', total),
    { ...stat('rq_active', active), type: 'GAUGE' },
    { name: 'rq_pending_active', type: 'GAUGE' },
  ];
}
