/** A proxy's active and counted requests to some pods, over all of its clusters. */
import { describeAddress, innerIpOf, ipOf } from '../../shared/istio/address.ts';
import type { EnvoyAddress } from '../../shared/istio/address.ts';
import type { ClusterStatuses } from '../../shared/istio/envoy-answers.ts';
import { escapePattern, parseClusterName } from '../../shared/istio/names.ts';

/** Every host of every cluster with its counters. */
export const CLUSTERS_PATH = '/clusters?format=json';

/**
 * The same for one service's clusters, by its names at the proxies: `outbound|8080|v1|<host>`, and
 * `outbound_.8080_.v1_.<host>` at a gateway between networks. Envoy has the filter since 1.38. An older one
 * gives the whole page, so the reader must still filter by name.
 * https://www.envoyproxy.io/docs/envoy/latest/operations/admin
 */
export function clustersPathOf(hosts: readonly string[]): string {
  const [host = '', ...more] = hosts.map(escapePattern);
  const any = more.length === 0 ? host : `(${[host, ...more].join('|')})`;
  return `${CLUSTERS_PATH}&filter=${encodeURIComponent(`.*[|.]${any}`)}`;
}

export interface HostLoad {
  /** Active requests. */
  active: number;
  /** Requests begun so far, by cluster and host. A host that is removed and added again counts from 0. */
  totals: Map<string, number>;
  /** An address that cannot be read and may be one of these pods: its requests are unknown. */
  unreadable?: string;
}

/** @param hosts the service's names at the proxies: an unreadable cluster of it may contain the pods */
export function loadOn(
  statuses: ClusterStatuses | null,
  addresses: ReadonlySet<string>,
  hosts?: readonly string[],
): HostLoad {
  let active = 0;
  let unreadable: string | undefined;
  const totals = new Map<string, number>();
  if (!Array.isArray(statuses?.cluster_statuses))
    return { active, totals, unreadable: 'an answer without clusters' };
  for (const { name = '', host_statuses: statusesOfHosts = [] } of statuses.cluster_statuses) {
    for (const { address, stats = [] } of statusesOfHosts) {
      const ip = ipOf(address);
      if (ip === undefined) {
        if (mayBeOneOf(addresses, { name, address, hosts }))
          unreadable ??= `${describeAddress(address)} in ${name}`;
        continue;
      }
      if (!addresses.has(ip)) continue;
      const value = (stat: string) => Number(stats.find((entry) => entry.name === stat)?.value ?? 0);
      const total = value('rq_total');
      const now = value('rq_active') + value('rq_pending_active');
      if (Number.isNaN(total + now)) unreadable ??= `the counters of ${ip} in ${name}`;
      active += now;
      totals.set(`${name} ${ip}:${address?.socket_address?.port_value ?? 0}`, total);
    }
  }
  return unreadable === undefined ? { active, totals } : { active, totals, unreadable };
}

/** Istio's clusters for services have a | in their names. Others are of the bootstrap: sockets in the pod. */
function mayBeOneOf(
  addresses: ReadonlySet<string>,
  {
    name,
    address,
    hosts,
  }: { name: string; address: EnvoyAddress | undefined; hosts: readonly string[] | undefined },
): boolean {
  if (!name.includes('|')) return false;
  const inner = innerIpOf(address);
  if (inner !== undefined) return addresses.has(inner);
  const cluster = parseClusterName(name);
  return cluster === undefined || hosts === undefined || hosts.includes(cluster.host);
}
