import type { Account } from './account.ts';
import type { Outcome } from './connection.ts';
import { createLatencyRecorder } from './latency.ts';
import type { RequestTimes } from './tally.ts';

/**
 * The run in the format of Fortio's result files, so that `fortio report` draws it. Times in
 * seconds, from the sending as Fortio takes them (it does not know due times); the histogram holds
 * every request, errors included. https://github.com/fortio/fortio/blob/master/periodic/periodic.go
 * (RunnerResults), fhttp/httprunner.go
 */
export interface FortioCollector {
  observe(outcome: Outcome, times: RequestTimes): void;
  toJson(account: Account): Record<string, unknown>;
}

export function createFortioCollector(): FortioCollector {
  const all = createBuckets();
  const errors = createBuckets();
  const codes: Record<string, number> = {};
  return {
    observe(outcome, { sentMs, endMs }) {
      const ms = endMs - sentMs;
      // -1 is Fortio's code for "no HTTP answer".
      const code = outcome.kind === 'answer' ? outcome.status : -1;
      codes[code] = (codes[code] ?? 0) + 1;
      all.add(ms);
      // As Fortio's codeIsOK: a redirect is an error too.
      if (code < 200 || code >= 300) errors.add(ms);
    },
    toJson(account) {
      const id = `${account.startedAt.slice(0, 19).replace('T', '-').replaceAll(':', '')}_coffee_shop_load`;
      return {
        RunType: 'HTTP',
        Labels: `${account.method} ${account.url}`,
        StartTime: account.startedAt,
        RequestedQPS: String(account.requestedQps),
        RequestedDuration: `${account.durationMs / 1000}s`,
        ActualQPS: account.qps,
        ActualDuration: Math.round(account.durationMs * 1e6),
        NumThreads: account.connections,
        Version: 'zero-downtime-coffee-shop',
        DurationHistogram: all.toJson([50, 75, 90, 99, 99.9]),
        ErrorsDurationHistogram: errors.toJson([50, 75, 90, 99, 99.9]),
        Exactly: 0,
        Jitter: false,
        Uniform: true,
        NoCatchUp: false,
        RunID: 0,
        AccessLoggerInfo: '',
        ID: id,
        URL: account.url,
        RetCodes: codes,
        IPCountMap: {},
        SocketCount: account.connectionsOpened,
        AbortOn: 0,
      };
    },
  };
}

interface Buckets {
  add(ms: number): void;
  toJson(percentiles: number[]): Record<string, unknown>;
}

/** Limits in milliseconds, about 10 per decade, from 0.1 ms on. */
const limits = [0.1, 1, 10, 100, 1000, 10_000].flatMap((decade) =>
  [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8].map((step) => decade * step),
);

function createBuckets(): Buckets {
  const counts = new Array<number>(limits.length + 1).fill(0);
  const recorder = createLatencyRecorder();
  let count = 0;
  let sum = 0;
  let sumOfSquares = 0;
  let min = Infinity;
  let max = 0;
  return {
    add(ms) {
      const found = limits.findIndex((limit) => ms <= limit);
      const index = found < 0 ? limits.length : found;
      counts[index] = (counts[index] ?? 0) + 1;
      recorder.record(ms);
      count += 1;
      sum += ms;
      sumOfSquares += ms * ms;
      min = Math.min(min, ms);
      max = Math.max(max, ms);
    },
    toJson(percentiles) {
      if (count === 0)
        return { Count: 0, Min: 0, Max: 0, Sum: 0, Avg: 0, StdDev: 0, Data: null, Percentiles: null };
      const average = sum / count;
      let below = 0;
      const data = counts.flatMap((n, index) => {
        below += n;
        if (n === 0) return [];
        // The outermost limits are what was really seen, as Fortio has it.
        const start = Math.max(min, index === 0 ? 0 : (limits[index - 1] ?? 0));
        const end = Math.min(max, limits[index] ?? max);
        return [{ Start: start / 1000, End: end / 1000, Percent: (100 * below) / count, Count: n }];
      });
      return {
        Count: count,
        Min: min / 1000,
        Max: max / 1000,
        Sum: sum / 1000,
        Avg: average / 1000,
        StdDev: Math.sqrt(Math.max(0, sumOfSquares / count - average * average)) / 1000,
        Data: data,
        Percentiles: percentiles.map((p) => ({ Percentile: p, Value: recorder.percentileMs(p) / 1000 })),
      };
    },
  };
}
