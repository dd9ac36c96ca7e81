/** What the callers' proxies have counted for each version: requests, and answers of 500 and above or none. */
import type { Sample } from '../fisher.ts';
import { parseClusterName } from '../names.ts';
import type { ClusterStatuses } from './envoy-answers.ts';

export function countBySubset(statuses: ClusterStatuses, host: string): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const { name = '', host_statuses: hosts = [] } of statuses.cluster_statuses ?? []) {
    const cluster = parseClusterName(name);
    if (cluster?.host !== host || cluster.subset === '') continue;
    const sample = samples.get(cluster.subset) ?? { requests: 0, errors: 0 };
    for (const { stats = [] } of hosts) {
      const value = (stat: string) => Number(stats.find((entry) => entry.name === stat)?.value ?? 0);
      sample.errors += value('rq_error');
      sample.requests += value('rq_error') + value('rq_success');
    }
    samples.set(cluster.subset, sample);
  }
  return samples;
}

export function difference(now: Sample | undefined, before: Sample | undefined): Sample {
  return {
    requests: Math.max(0, (now?.requests ?? 0) - (before?.requests ?? 0)),
    errors: Math.max(0, (now?.errors ?? 0) - (before?.errors ?? 0)),
  };
}
