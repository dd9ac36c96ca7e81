import { createHistogram } from 'node:perf_hooks';
import type { Percentiles } from './account.ts';

/** Durations as a histogram: constant memory, three significant figures. */
export interface LatencyRecorder {
  record(ms: number): void;
  percentileMs(percentile: number): number;
  percentiles(): Percentiles;
  readonly count: number;
}

export function createLatencyRecorder(): LatencyRecorder {
  const histogram = createHistogram({ figures: 3 });
  // The histogram holds whole numbers from 1 on: microseconds.
  const percentileMs = (percentile: number): number =>
    histogram.count === 0 ? 0 : histogram.percentile(percentile) / 1000;
  return {
    record: (ms) => histogram.record(Math.max(1, Math.round(ms * 1000))),
    percentileMs,
    percentiles: () => ({
      p50: percentileMs(50),
      p90: percentileMs(90),
      p99: percentileMs(99),
      p999: percentileMs(99.9),
      max: histogram.count === 0 ? 0 : histogram.max / 1000,
    }),
    get count() {
      return histogram.count;
    },
  };
}
