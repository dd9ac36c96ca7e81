/** A caller's proxy counts requests and errors per endpoint. Here they are read for each version. */
import type { Sample } from './fisher.ts';
import type { ClusterStatuses } from '../../shared/istio/envoy-answers.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';
import type { Counters } from './increase.ts';

/** Endpoints come and go together with their counts: so each endpoint is a counter of its own. */
export function hostCounters(
  statuses: ClusterStatuses,
  routing: Pick<TrafficRouting, 'versionOfCluster'>,
): Counters {
  const counters = new Map<string, number>();
  for (const { name = '', host_statuses: hosts = [] } of statuses.cluster_statuses ?? []) {
    const version = routing.versionOfCluster(name);
    if (version === undefined) continue;
    for (const { address, stats = [] } of hosts) {
      const { address: ip = '', port_value: port = 0 } = address?.socket_address ?? {};
      const value = (stat: string) => Number(stats.find((entry) => entry.name === stat)?.value ?? 0);
      const keyOf = (what: keyof Sample) => JSON.stringify([version, what, name, ip, port]);
      counters.set(keyOf('errors'), value('rq_error'));
      counters.set(keyOf('requests'), value('rq_error') + value('rq_success'));
    }
  }
  return counters;
}

/** The sums over all endpoints of each version. */
export function samplesOf(counters: Counters): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const [key, value] of counters) {
    const [version, what] = JSON.parse(key) as [string, keyof Sample];
    const sample = samples.get(version) ?? { requests: 0, errors: 0 };
    sample[what] += value;
    samples.set(version, sample);
  }
  return samples;
}
