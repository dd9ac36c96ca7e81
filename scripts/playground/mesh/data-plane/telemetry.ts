/**
 * Istio's standard metrics of a caller: how many requests, answered how, and how long they took.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

/** Envoy's default buckets, in milliseconds. */
const EDGES = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

interface Series {
  count: number;
  sumMs: number;
  /** Answers per bucket; the last is of those beyond every edge. */
  buckets: number[];
}

/**
 * What one proxy has counted of the requests it sent, by cluster and
 * response code. A request without an answer has the code 0.
 */
export class RequestTelemetry {
  readonly #series = new Map<string, Series>();

  count(cluster: string, code: number, ms: number): void {
    const key = `${code} ${cluster}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { count: 0, sumMs: 0, buckets: new Array<number>(EDGES.length + 1).fill(0) };
      this.#series.set(key, series);
    }
    series.count += 1;
    series.sumMs += ms;
    const at = EDGES.findIndex((edge) => ms <= edge);
    const bucket = at === -1 ? EDGES.length : at;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  /** The page of `/stats/prometheus`, narrowed to metrics whose name the filter finds. */
  page(filter: RegExp): string {
    const totals: string[] = [];
    const durations: string[] = [];
    for (const [key, { count, sumMs, buckets }] of this.#series) {
      const labels = labelsOf(key);
      if (labels === undefined) continue;
      totals.push(`istio_requests_total{${labels}} ${count}`);
      let within = 0;
      for (const [index, edge] of [...EDGES, '+Inf'].entries()) {
        within += buckets[index] ?? 0;
        durations.push(`istio_request_duration_milliseconds_bucket{${labels},le="${edge}"} ${within}`);
      }
      durations.push(`istio_request_duration_milliseconds_sum{${labels}} ${sumMs}`);
      durations.push(`istio_request_duration_milliseconds_count{${labels}} ${count}`);
    }
    return [
      ...metric('istio_requests_total', 'counter', totals, filter),
      ...metric('istio_request_duration_milliseconds', 'histogram', durations, filter),
    ].join('');
  }
}

function metric(name: string, type: string, lines: string[], filter: RegExp): string[] {
  if (lines.length === 0 || !filter.test(name)) return [];
  return [`# TYPE ${name} ${type}\n`, ...lines.map((line) => `${line}\n`), '\n'];
}

/**
 * Only what goes out is a caller's; the version is the subset's, as
 * everything here names subsets after versions.
 */
function labelsOf(key: string): string | undefined {
  const [code = '', cluster = ''] = key.split(/ (.*)/s);
  const [direction, , subset = '', host = ''] = cluster.split('|');
  if (direction !== 'outbound') return undefined;
  const [name = '', namespace = ''] = host.split('.');
  return Object.entries({
    reporter: 'source',
    destination_app: name,
    destination_version: subset === '' ? 'unknown' : subset,
    destination_canonical_revision: subset === '' ? 'latest' : subset,
    destination_service: host,
    destination_service_name: name,
    destination_service_namespace: namespace,
    request_protocol: 'http',
    response_code: code,
  })
    .map(([label, value]) => `${label}="${value}"`)
    .join(',');
}
