/**
 * Reads latencies from a caller's proxy, which has two histograms. Envoy's `upstream_rq_time` per cluster is
 * there only if `proxyStatsMatcher` includes it. Istio's standard metric is there by default.
 * https://istio.io/latest/docs/reference/config/metrics/
 */
import type { TrafficRouting } from '../routing/traffic-routing.ts';
import type { Counters } from './increase.ts';
import { disjoint } from './latency.ts';
import type { Latencies } from './latency.ts';
import type { MetricLabel } from './metric-label.ts';

/** A path of the admin port; the filter keeps the page of a large mesh small. */
export const LATENCY_PATH = `/stats/prometheus?filter=${encodeURIComponent('istio_request_duration_milliseconds|upstream_rq_time')}`;

const OF_CLUSTERS = 'envoy_cluster_upstream_rq_time_bucket';
const OF_ISTIO = 'istio_request_duration_milliseconds_bucket';

/**
 * Answers by version and bucket: from the clusters' histograms if a page has them, as both count the same.
 */
export function latencyCounters(
  page: string,
  routing: Pick<TrafficRouting, 'hosts' | 'versionOfCluster'>,
  label: MetricLabel = 'destination_version',
): Counters {
  const lines = [...samplesOf(page)];
  const ofClusters = lines.flatMap(({ name, labels, value }) => {
    if (name !== OF_CLUSTERS) return [];
    const series = labels['cluster_name'] ?? '';
    const version = routing.versionOfCluster(series.replace(/;$/, ''));
    return version === undefined ? [] : [{ version, series, labels, value }];
  });
  const ofIstio = lines.flatMap(({ name, labels, value }) => {
    const isOurs =
      name === OF_ISTIO &&
      labels['reporter'] === 'source' &&
      routing.hosts.includes(labels['destination_service'] ?? '');
    if (!isOurs) return [];
    const series = JSON.stringify({ ...labels, le: '' });
    return [{ version: labels[label] ?? '', series, labels, value }];
  });
  const buckets = new Map<string, { version: string; cumulative: Map<number, number> }>();
  for (const { version, series, labels, value } of ofClusters.length > 0 ? ofClusters : ofIstio) {
    const one = buckets.get(series) ?? { version, cumulative: new Map<number, number>() };
    buckets.set(series, one);
    one.cumulative.set(edgeOf(labels['le']), value);
  }
  const counters = new Map<string, number>();
  for (const { version, cumulative } of buckets.values())
    for (const [edge, count] of disjoint(cumulative)) {
      const key = `${version} ${edge}`;
      counters.set(key, (counters.get(key) ?? 0) + count);
    }
  return counters;
}

/** The histograms in these counters, by version. */
export function latenciesOf(counters: Counters): Map<string, Latencies> {
  const versions = new Map<string, Map<number, number>>();
  for (const [key, count] of counters) {
    const [version = '', edge] = key.split(' ');
    const latencies = versions.get(version) ?? new Map<number, number>();
    versions.set(version, latencies.set(Number(edge), count));
  }
  return versions;
}

export function edgeOf(le: string | undefined): number {
  return le === '+Inf' || le === undefined ? Infinity : Number(le);
}

interface PageSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function* samplesOf(page: string): Generator<PageSample> {
  for (const line of page.split('\n')) {
    const [, name, inside = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? +(\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const labels = Object.fromEntries(
      [...inside.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
        key,
        text.replace(/\\(.)/g, (_whole, letter: string) => (letter === 'n' ? '\n' : letter)),
      ]),
    );
    yield { name, labels, value: Number(value) };
  }
}
