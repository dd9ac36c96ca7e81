import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../xds-types.ts';
import type { Cluster } from '../cluster.ts';
import type { AdministeredProxy } from './administered-proxy.ts';
import { fullMatch, PatternError } from '../regex.ts';
import { masked } from './field-mask.ts';
import type { AdminAnswer } from './admin-answer.ts';

const DUMP = 'type.googleapis.com/envoy.admin.v3';

interface Entry {
  name: string;
  json: { '@type': string };
}

/** The repeated fields that `resource=` may ask for. Warming clusters have no endpoints to show. */
const RESOURCES: Record<string, (proxy: AdministeredProxy) => Entry[]> = {
  dynamic_active_clusters: (proxy) => clusters(proxy, false),
  dynamic_warming_clusters: (proxy) => clusters(proxy, true),
  dynamic_endpoint_configs: endpoints,
  dynamic_route_configs: routes,
  dynamic_listeners: listeners,
  static_clusters: () => [],
  static_listeners: () => [],
  static_route_configs: () => [],
  static_endpoint_configs: () => [],
};

/**
 * `/config_dump` with `resource`, `name_regex` (RE2, the whole name),
 * `mask` and `include_eds`. No match is `{}`.
 */
export function configDump(proxy: AdministeredProxy, parameters: URLSearchParams): AdminAnswer {
  const resource = parameters.get('resource');
  const regex = parameters.get('name_regex');
  let matches: (name: string) => boolean = () => true;
  try {
    if (regex !== null) matches = fullMatch(regex);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return plain(
      400,
      `INVALID_ARGUMENT: Error while parsing name_regex from ${regex ?? ''}: ${error.message}`,
    );
  }
  if (resource === null) return json(everything(proxy, parameters.has('include_eds'), matches));
  const list = Object.hasOwn(RESOURCES, resource) ? RESOURCES[resource] : undefined;
  if (list === undefined || (resource.endsWith('endpoint_configs') && !parameters.has('include_eds'))) {
    return plain(404, `${resource} not found in config dump`);
  }
  const mask = parameters.get('mask')?.split(',');
  const configs = list(proxy)
    .filter((entry) => matches(entry.name))
    .map((entry) => (mask === undefined ? entry.json : masked(entry.json, mask)));
  return json(configs.length === 0 ? {} : { configs });
}

function plain(status: number, body: string): AdminAnswer {
  return { status, type: 'text/plain', body };
}

function json(value: unknown): AdminAnswer {
  return { status: 200, type: 'application/json', body: `${JSON.stringify(value, undefined, 1)}\n` };
}

function everything(proxy: AdministeredProxy, includeEndpoints: boolean, matches: (name: string) => boolean) {
  const filtered = (entries: Entry[]) =>
    entries.filter((entry) => matches(entry.name)).map((entry) => entry.json);
  const field = (name: string, entries: Entry[]) => {
    const left = filtered(entries);
    return left.length === 0 ? {} : { [name]: left };
  };
  return {
    configs: [
      {
        '@type': `${DUMP}.ClustersConfigDump`,
        version_info: proxy.config.updates.cds.version,
        ...field('dynamic_active_clusters', clusters(proxy, false)),
        ...field('dynamic_warming_clusters', clusters(proxy, true)),
      },
      ...(includeEndpoints
        ? [{ '@type': `${DUMP}.EndpointsConfigDump`, ...field('dynamic_endpoint_configs', endpoints(proxy)) }]
        : []),
      {
        '@type': `${DUMP}.ListenersConfigDump`,
        version_info: proxy.config.updates.lds.version,
        ...field('dynamic_listeners', listeners(proxy)),
      },
      { '@type': `${DUMP}.RoutesConfigDump`, ...field('dynamic_route_configs', routes(proxy)) },
    ],
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function clusters(proxy: AdministeredProxy, warming: boolean): Entry[] {
  return sorted(proxy.config.clusters)
    .filter(([, cluster]) => cluster.warming === warming)
    .map(([name, cluster]) => ({
      name,
      json: {
        '@type': `${DUMP}.ClustersConfigDump.DynamicCluster`,
        cluster: { '@type': CLUSTER_TYPE, ...cluster.config },
        last_updated: cluster.lastUpdated.toISOString(),
      },
    }));
}

function endpoints(proxy: AdministeredProxy): Entry[] {
  return sorted(proxy.config.clusters)
    .filter(([, cluster]) => cluster.assignment !== undefined)
    .map(([name, cluster]) => ({
      name,
      json: {
        '@type': `${DUMP}.EndpointsConfigDump.DynamicEndpointConfig`,
        endpoint_config: { '@type': ENDPOINT_TYPE, cluster_name: name, ...localities(cluster) },
      },
    }));
}

/** Endpoints with the health the proxy has computed, spelled out also when it is good. */
function localities(cluster: Cluster) {
  const endpoints = cluster.assignment?.endpoints;
  if (endpoints === undefined) return {};
  return {
    endpoints: endpoints.map(({ locality, lb_endpoints: members, load_balancing_weight: weight }) => ({
      locality,
      lb_endpoints: members.map(
        ({ endpoint, health_status: health, metadata, load_balancing_weight: own }) => ({
          endpoint,
          health_status: health ?? 'HEALTHY',
          ...(metadata === undefined ? {} : { metadata }),
          load_balancing_weight: own,
        }),
      ),
      load_balancing_weight: weight,
    })),
    policy: { overprovisioning_factor: 140 },
  };
}

function routes(proxy: AdministeredProxy): Entry[] {
  return sorted(proxy.config.routes).map(([name, table]) => ({
    name,
    json: {
      '@type': `${DUMP}.RoutesConfigDump.DynamicRouteConfig`,
      route_config: { '@type': ROUTE_TYPE, ...table.json },
      last_updated: table.lastUpdated.toISOString(),
    },
  }));
}

function listeners(proxy: AdministeredProxy): Entry[] {
  return sorted(proxy.config.listeners).map(([name, { json: listener, lastUpdated }]) => ({
    name,
    json: {
      '@type': `${DUMP}.ListenersConfigDump.DynamicListener`,
      name,
      active_state: {
        listener: {
          '@type': LISTENER_TYPE,
          name: listener.name,
          address: listener.address,
          traffic_direction: listener.traffic_direction,
        },
        last_updated: lastUpdated.toISOString(),
      },
    },
  }));
}
