import type { Part } from './resident.ts';

/** What every part held at one moment. */
export interface Sample {
  atMs: number;
  parts: readonly Part[];
}

/**
 * How one part's memory went during the second half of a run; the
 * first fills pools, caches and the young heap.
 */
export interface Trend {
  name: string;
  /** At the beginning and at the end of the second half. */
  fromMb: number;
  toMb: number;
  mostMb: number;
  /** The slope of the line that fits best. */
  mbPerHour: number;
  /** Whether it was the same process all the time: one that was started again has no trend. */
  stayed: boolean;
}

/** The second half of a run, part by part. */
export function trendsOf(samples: readonly Sample[]): Trend[] {
  const halfMs = ((samples[0]?.atMs ?? 0) + (samples.at(-1)?.atMs ?? 0)) / 2;
  const second = samples.filter(({ atMs }) => atMs >= halfMs);
  const keys = new Map(
    second.flatMap(({ parts }) => parts.map(({ name, pid }) => [`${name} ${pid}`, name] as const)),
  );
  return [...keys].map(([key, name]) => {
    const points = second.flatMap(({ atMs, parts }) =>
      parts.filter((part) => `${part.name} ${part.pid}` === key).map(({ mb }) => ({ atMs, mb })),
    );
    return {
      name,
      fromMb: points[0]?.mb ?? 0,
      toMb: points.at(-1)?.mb ?? 0,
      mostMb: Math.max(...points.map(({ mb }) => mb)),
      mbPerHour: growthPerHour(points),
      stayed: points.length === second.length,
    };
  });
}

/** The slope of the line that fits best, in MB per hour. */
export function growthPerHour(points: readonly { atMs: number; mb: number }[]): number {
  const mean = (of: (point: { atMs: number; mb: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [time, size] = [mean(({ atMs }) => atMs), mean(({ mb }) => mb)];
  const covariance = mean(({ atMs, mb }) => (atMs - time) * (mb - size));
  const variance = mean(({ atMs }) => (atMs - time) ** 2);
  return variance === 0 ? 0 : (covariance / variance) * 3_600_000;
}
