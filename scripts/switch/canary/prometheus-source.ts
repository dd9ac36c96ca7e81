/**
 * Takes the evidence from a Prometheus that scrapes the mesh: Istio's standard metrics, reported by callers.
 */
import { systemClock, withTimeout } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';
import { TooLongError, readText } from '../../shared/read-text.ts';
import type { Sample } from './fisher.ts';
import type { EvidenceSource } from './evidence-source.ts';
import { disjoint } from './latency.ts';
import type { Latencies } from './latency.ts';
import type { MetricLabel } from './metric-label.ts';
import { edgeOf } from './proxy-latency.ts';

/** Timeout of one query, in milliseconds. */
const QUERY_MS = 10_000;

export interface PrometheusQueries {
  requests: string;
  errors: string;
  latencies: string;
}

/**
 * The queries for a service by its names, over the last `seconds`. A request without an answer has response
 * code 0.
 */
export function queriesFor(
  hosts: readonly string[],
  seconds: number | string,
  label: MetricLabel = 'destination_version',
): PrometheusQueries {
  const [host = '', ...more] = hosts;
  // A PromQL pattern matches the whole value: no anchors.
  const any = [host, ...more].map((one) => one.replaceAll('.', '[.]')).join('|');
  const named = more.length === 0 ? `="${host}"` : `=~"${any}"`;
  const ours = `reporter="source",destination_service${named}`;
  const increase = (metric: string, more = '') => `increase(${metric}{${ours}${more}}[${seconds}s])`;
  return {
    requests: `sum by (${label}) (${increase('istio_requests_total')})`,
    errors: `sum by (${label}) (${increase('istio_requests_total', ',response_code=~"5..|0"')})`,
    latencies: `sum by (${label}, le) (${increase('istio_request_duration_milliseconds_bucket')})`,
  };
}

interface Answer {
  status?: string;
  error?: unknown;
  data?: {
    resultType?: string;
    result?: { metric?: Record<string, string>; value?: [number, string] }[];
  };
}

/** @param url the base of Prometheus' paths: `http://prometheus.istio-system:9090` */
export function createPrometheusSource({
  url,
  hosts,
  label = 'destination_version',
  clock = systemClock,
}: {
  url: string;
  hosts: readonly string[];
  label?: MetricLabel | undefined;
  clock?: Clock;
}): EvidenceSource {
  async function query(text: string, signal: AbortSignal) {
    const { data } = await askPrometheus(url, text, signal, clock);
    return (data?.result ?? []).map(({ metric = {}, value }) => ({
      version: metric[label] ?? '',
      le: metric['le'],
      // Round: Prometheus extrapolates to the whole window.
      count: Math.max(0, Math.round(Number(value?.[1] ?? 0)) || 0),
    }));
  }
  return {
    open() {
      const started = clock.now();
      const queries = () => queriesFor(hosts, Math.max(1, Math.ceil((clock.now() - started) / 1000)), label);
      return Promise.resolve({
        async counts(signal) {
          const { requests, errors } = queries();
          const [all, bad] = await Promise.all([query(requests, signal), query(errors, signal)]);
          const failed = new Map(bad.map(({ version, count }) => [version, count]));
          return new Map(
            all.map(({ version, count }): [string, Sample] => [
              version,
              { requests: count, errors: Math.min(count, failed.get(version) ?? 0) },
            ]),
          );
        },
        async latencies(signal) {
          const versions = new Map<string, Map<number, number>>();
          for (const { version, le, count } of await query(queries().latencies, signal)) {
            const cumulative = versions.get(version) ?? new Map<number, number>();
            versions.set(version, cumulative.set(edgeOf(le), count));
          }
          return new Map(
            [...versions].map(([version, cumulative]): [string, Latencies] => [
              version,
              disjoint(cumulative),
            ]),
          );
        },
      });
    },
  };
}

/**
 * Throws the error that it answers instead of a vector.
 * https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export async function askPrometheus(
  url: string,
  text: string,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<Answer> {
  const address = `${url.replace(/\/+$/, '')}/api/v1/query?query=${encodeURIComponent(text)}`;
  let answer: Answer;
  let status: number;
  try {
    [status, answer] = await withTimeout(clock, QUERY_MS, async (late) => {
      const response = await fetch(address, { signal: AbortSignal.any([signal, late]) });
      const body = await readText(response.body, { who: `Prometheus at ${url}` });
      return [response.status, (JSON.parse(body) as Answer | null) ?? {}];
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TooLongError) throw error;
    throw new CommandError(`Prometheus at ${url} does not answer: ${messageOf(error)}`, { cause: error });
  }
  const said = typeof answer.error === 'string' ? printable(answer.error, 500) : 'no vector';
  if (answer.status !== 'success' || answer.data?.resultType !== 'vector')
    throw new CommandError(`Prometheus at ${url} answered ${status}: ${said} (to ${text})`);
  return answer;
}
