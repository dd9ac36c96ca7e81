import type { Proxy } from '../proxy.ts';

export interface Stat {
  name: string;
  value: number | string;
}

/** The counters and gauges that the built-in proxy keeps, by Envoy's names. */
export function stats(proxy: Proxy): Stat[] {
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
  return all;
}

const GAUGE = /^server\.|active_clusters|warming_clusters|update_time$/;

/** The same as lines for Prometheus, narrowed to names that the filter finds. */
export function statsPrometheus(all: Stat[], filter: RegExp): string {
  return all
    .filter(({ name, value }) => typeof value === 'number' && filter.test(name))
    .map(({ name, value }) => {
      const metric = `envoy_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
      return `# TYPE ${metric} ${GAUGE.test(name) ? 'gauge' : 'counter'}\n${metric}{} ${value}\n\n`;
    })
    .join('');
}

export function statsJson(selected: Stat[]) {
  return { stats: selected };
}

export function statsText(selected: Stat[]): string {
  return selected
    .map(({ name, value }) => `${name}: ${typeof value === 'string' ? `"${value}"` : value}\n`)
    .join('');
}
