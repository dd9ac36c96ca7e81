/**
 * How long answers took, as histograms tell it, and whether a version is slower than another. The limit is the old version's own: the bucket's edge
 * within which at least 95 in 100 of its answers came in the same time. A version is slower when
 * - more of its answers were beyond that limit than chance explains (Fisher's exact test, as for errors),
 * - more than 10 in 100 were, twice what the old one may have, and
 * - their mean is half as long again, so that a limit that happens to lie close does not decide alone.
 * It sees a shift of everything and a heavier tail alike, and asks for no shape of the distribution. It sees nothing within one bucket, and the edges
 * lie a factor of 2 to 2.5 apart.
 */
import { fisherExact } from './fisher.ts';
import type { Sample } from './fisher.ts';

/** Answers per bucket, by its upper edge in milliseconds; the last edge is Infinity. */
export type Latencies = ReadonlyMap<number, number>;

const WITHIN = 0.95;
const TOO_MANY = 0.1;
const LONGER = 1.5;

export interface Comparison {
  limitMs: number;
  /** `errors` are the answers that took longer than the limit. */
  fresh: Sample;
  old: Sample;
  chance: number;
  /** Clearly too many of the new version's answers are late, be it by chance. */
  isSlow: boolean;
}

/** Undefined when fewer than `least` answers of either version were timed. */
export function compareLatencies(fresh: Latencies, old: Latencies, least: number): Comparison | undefined {
  const total = countOf(old);
  if (total < least || countOf(fresh) < least) return undefined;
  let within = 0;
  let limitMs = Infinity;
  for (const [edge, count] of [...old].sort(([a], [b]) => a - b)) {
    within += count;
    if (within < total * WITHIN) continue;
    limitMs = edge;
    break;
  }
  const samples = { fresh: lateIn(fresh, limitMs), old: lateIn(old, limitMs) };
  return {
    limitMs,
    ...samples,
    chance: fisherExact(samples.fresh, samples.old),
    isSlow: samples.fresh.errors > samples.fresh.requests * TOO_MANY && meanOf(fresh) >= meanOf(old) * LONGER,
  };
}

function lateIn(latencies: Latencies, limitMs: number): Sample {
  const late = [...latencies].filter(([edge]) => edge > limitMs).reduce((sum, [, count]) => sum + count, 0);
  return { requests: countOf(latencies), errors: late };
}

const countOf = (latencies: Latencies): number =>
  [...latencies.values()].reduce((sum, count) => sum + count, 0);

/** As if each answer had taken the middle of its bucket. */
function meanOf(latencies: Latencies): number {
  let lower = 0;
  let sum = 0;
  for (const [edge, count] of [...latencies].sort(([a], [b]) => a - b)) {
    sum += count * (edge === Infinity ? lower : (lower + edge) / 2);
    lower = edge;
  }
  return sum / countOf(latencies);
}

/** Histograms count what is within an edge: from that, what is between two. */
export function disjoint(cumulative: ReadonlyMap<number, number>): Map<number, number> {
  let before = 0;
  return new Map(
    [...cumulative]
      .sort(([a], [b]) => a - b)
      .map(([edge, count]) => {
        const own = Math.max(0, count - before);
        before = count;
        return [edge, own];
      }),
  );
}
