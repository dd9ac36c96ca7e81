import type { Resource } from '../circuit-breaker.ts';
import type { AdministeredProxy } from './administered-proxy.ts';

export interface Stat {
  name: string;
  value: number | string;
}

/** The counters and gauges that the built-in proxy keeps, by Envoy's names. */
export function stats(proxy: AdministeredProxy): Stat[] {
  const { updates, counters, warming, clusters } = proxy.config;
  const { cds, lds } = updates;
  const all: Stat[] = [
    { name: 'cluster_manager.cds.version_text', value: cds.version },
    { name: 'listener_manager.lds.version_text', value: lds.version },
    { name: 'cluster_manager.active_clusters', value: clusters.size - warming },
    { name: 'cluster_manager.cds.update_rejected', value: cds.rejected },
    { name: 'cluster_manager.cds.update_success', value: cds.count },
    { name: 'cluster_manager.cds.update_time', value: cds.at },
    { name: 'cluster_manager.cluster_added', value: counters.clusterAdded },
    { name: 'cluster_manager.cluster_modified', value: counters.clusterModified },
    { name: 'cluster_manager.cluster_removed', value: counters.clusterRemoved },
    { name: 'cluster_manager.cluster_updated', value: counters.clusterUpdated },
    { name: 'cluster_manager.warming_clusters', value: warming },
    { name: 'listener_manager.lds.update_rejected', value: lds.rejected },
    { name: 'listener_manager.lds.update_success', value: lds.count },
    { name: 'listener_manager.lds.update_time', value: lds.at },
    { name: 'listener_manager.listener_added', value: counters.listenerAdded },
    { name: 'listener_manager.listener_modified', value: counters.listenerModified },
    { name: 'server.live', value: proxy.state === 'LIVE' ? 1 : 0 },
    { name: 'server.state', value: proxy.state === 'LIVE' ? 0 : 1 },
    { name: 'server.total_connections', value: proxy.connections },
    { name: 'server.uptime', value: Math.floor((Date.now() - proxy.startedAt) / 1000) },
  ];
  return [...all, ...clusterStats(proxy)];
}

/**
 * Counters of single clusters: shown, as by Istio's selection, only where the pod's annotation asks for them.
 */
function clusterStats({ config, spec }: AdministeredProxy): Stat[] {
  const { statsPrefixes = [] } = spec;
  if (statsPrefixes.length === 0) return [];
  const all = [...config.clusters.values()].flatMap((cluster) => {
    const { inUse, overflows } = cluster.breaker;
    const open = (resource: Resource) => (cluster.breaker.isOpen(resource) ? 1 : 0);
    return Object.entries({
      'circuit_breakers.default.cx_open': open('connections'),
      'circuit_breakers.default.rq_open': open('requests'),
      'circuit_breakers.default.rq_pending_open': open('pending'),
      'circuit_breakers.default.rq_retry_open': open('retries'),
      upstream_cx_active: inUse.connections,
      upstream_cx_overflow: overflows.connections,
      upstream_rq_active: inUse.requests,
      upstream_rq_active_overflow: overflows.requests,
      upstream_rq_pending_active: inUse.pending,
      upstream_rq_pending_overflow: overflows.pending,
      upstream_rq_retry_overflow: overflows.retries,
    }).map(([name, value]) => ({
      name: `cluster.${cluster.config.alt_stat_name ?? cluster.name}.${name}`,
      value,
    }));
  });
  return all.filter(({ name }) => statsPrefixes.some((prefix) => name.startsWith(prefix)));
}

const GAUGE = /^server\.|active_clusters|warming_clusters|update_time$|_active$|_open$/;
/** A cluster's name is a label in Prometheus. */
const OF_CLUSTER = /^cluster\.(.*;)\.(.*)$/;

/** The same as lines for Prometheus, narrowed to names that the filter finds. */
export function statsPrometheus(all: Stat[], filter: RegExp): string {
  const metrics = new Map<string, string[]>();
  for (const { name, value } of all) {
    if (typeof value !== 'number' || !filter.test(name)) continue;
    const [, cluster, rest = ''] = OF_CLUSTER.exec(name) ?? [];
    const plain = cluster === undefined ? name : `cluster.${rest}`;
    const metric = `envoy_${plain.replace(/[^a-zA-Z0-9_]/g, '_')}`;
    const lines = metrics.get(metric) ?? [`# TYPE ${metric} ${GAUGE.test(name) ? 'gauge' : 'counter'}\n`];
    metrics.set(metric, lines);
    lines.push(`${metric}{${cluster === undefined ? '' : `cluster_name="${cluster}"`}} ${value}\n`);
  }
  return [...metrics.values()].map((lines) => `${lines.join('')}\n`).join('');
}

export function statsJson(selected: Stat[]) {
  return { stats: selected };
}

export function statsText(selected: Stat[]): string {
  return selected
    .map(({ name, value }) => `${name}: ${typeof value === 'string' ? `"${value}"` : value}\n`)
    .join('');
}
