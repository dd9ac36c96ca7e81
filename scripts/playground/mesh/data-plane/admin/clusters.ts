import type { Cluster } from '../cluster.ts';
import type { Host } from '../host.ts';
import type { AdministeredProxy } from './administered-proxy.ts';

const HIGH_PRIORITY = {
  priority: 'HIGH',
  max_connections: 1024,
  max_pending_requests: 1024,
  max_requests: 1024,
  max_retries: 3,
};
const DEFAULTS = { max_connections: 1024, max_pending_requests: 1024, max_requests: 1024, max_retries: 3 };

/** Active clusters only: a warming one cannot be used yet. `filter` is on their names. */
function shown(proxy: AdministeredProxy, filter: RegExp): Cluster[] {
  return [...proxy.inboundClusters.values(), ...proxy.config.clusters.values()].filter(
    (cluster) => !cluster.warming && filter.test(cluster.name),
  );
}

/** `/clusters?format=json`: per cluster and host, counters and gauges; a value of zero is left out. */
export function clustersJson(proxy: AdministeredProxy, filter: RegExp) {
  return {
    cluster_statuses: shown(proxy, filter).map((cluster) => ({
      name: cluster.name,
      added_via_api: true,
      ...(cluster.hosts.length === 0 ? {} : { host_statuses: cluster.hosts.map(hostStatus) }),
      circuit_breakers: {
        thresholds: [cluster.config.circuit_breakers?.thresholds[0] ?? DEFAULTS, HIGH_PRIORITY],
      },
      observability_name: cluster.config.alt_stat_name ?? `${cluster.name};`,
      ...(cluster.config.eds_cluster_config === undefined
        ? {}
        : { eds_service_name: cluster.config.eds_cluster_config.service_name }),
    })),
  };
}

function hostStatus(host: Host) {
  return {
    address: { socket_address: { address: host.address, port_value: host.port } },
    stats: [
      ...counters(host).map(([name, value]) => ({ ...(value === 0 ? {} : { value: String(value) }), name })),
      ...gauges(host).map(([name, value]) => ({
        type: 'GAUGE',
        ...(value === 0 ? {} : { value: String(value) }),
        name,
      })),
    ],
    health_status: {
      ...(host.ejected ? { failed_outlier_check: true } : {}),
      eds_health_status: host.healthy ? 'HEALTHY' : 'UNHEALTHY',
    },
    weight: 1,
    locality: {},
  };
}

function counters({ stats }: Host): [string, number][] {
  return [
    ['cx_connect_fail', stats.cxConnectFail],
    ['cx_total', stats.cxTotal],
    ['rq_error', stats.rqError],
    ['rq_success', stats.rqSuccess],
    ['rq_timeout', stats.rqTimeout],
    ['rq_total', stats.rqTotal],
  ];
}

function gauges({ stats }: Host): [string, number][] {
  return [
    ['cx_active', stats.cxActive],
    ['rq_active', stats.rqActive],
    ['rq_pending_active', stats.rqPendingActive],
  ];
}

/** `/clusters`, as lines `cluster::host::name::value`. */
export function clustersText(proxy: AdministeredProxy, filter: RegExp): string {
  return shown(proxy, filter)
    .flatMap((cluster) => [
      `${cluster.name}::observability_name::${cluster.config.alt_stat_name ?? `${cluster.name};`}`,
      `${cluster.name}::added_via_api::true`,
      ...(cluster.config.eds_cluster_config === undefined
        ? []
        : [`${cluster.name}::eds_service_name::${cluster.config.eds_cluster_config.service_name}`]),
      ...cluster.hosts.flatMap((host) => {
        const prefix = `${cluster.name}::${host.address}:${host.port}`;
        return [
          ...[...counters(host), ...gauges(host)].map(([name, value]) => `${prefix}::${name}::${value}`),
          `${prefix}::health_flags::${host.healthy ? 'healthy' : '/failed_eds_health'}`,
          `${prefix}::weight::1`,
        ];
      }),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
