/**
 * Latencies from histograms, and whether the candidate is slower than the current version. The limit is the
 * lowest bucket edge within which at least 95 % of the current version's answers came. The candidate is
 * slower when all of this holds:
 * - more of its answers exceed the limit than chance explains (Fisher's exact test, as for errors),
 * - more than 10 % of them do, twice what the current version may have,
 * - its mean is at least 1.5 times the current version's: a limit close to many answers does not decide
 *   alone.
 * This finds a shift of all answers and a heavier tail alike. A difference within one bucket stays unseen;
 * the edges lie a factor of 2 to 2.5 apart.
 */
import { fisherExact } from './fisher.ts';
import type { Sample, Samples } from './fisher.ts';

/** Answers per bucket, by its upper edge in milliseconds; the last edge is Infinity. */
export type Latencies = ReadonlyMap<number, number>;

const WITHIN = 0.95;
const TOO_MANY = 0.1;
const LONGER = 1.5;

/** Samples in which `errors` are the answers slower than the limit. */
export interface Comparison extends Samples {
  limitMs: number;
  chance: number;
  /** Clearly too many of the candidate's answers are late. Whether by chance, `errors` must show. */
  isSlow: boolean;
}

/** Undefined when fewer than `least` answers of either version were timed. */
export function compareLatencies(
  candidate: Latencies,
  current: Latencies,
  least: number,
): Comparison | undefined {
  const total = countOf(current);
  if (total < least || countOf(candidate) < least) return undefined;
  let within = 0;
  let limitMs = Infinity;
  for (const [edge, count] of [...current].sort(([a], [b]) => a - b)) {
    within += count;
    if (within < total * WITHIN) continue;
    limitMs = edge;
    break;
  }
  const late = { candidate: lateIn(candidate, limitMs), current: lateIn(current, limitMs) };
  const isOften = late.candidate.errors > late.candidate.requests * TOO_MANY;
  const isLonger = meanOf(candidate) >= meanOf(current) * LONGER;
  return { limitMs, ...late, chance: fisherExact(late.candidate, late.current), isSlow: isOften && isLonger };
}

function lateIn(latencies: Latencies, limitMs: number): Sample {
  const late = [...latencies].filter(([edge]) => edge > limitMs).reduce((sum, [, count]) => sum + count, 0);
  return { requests: countOf(latencies), errors: late };
}

const countOf = (latencies: Latencies): number =>
  [...latencies.values()].reduce((sum, count) => sum + count, 0);

/** The mean if each answer had taken the middle of its bucket. */
function meanOf(latencies: Latencies): number {
  let lower = 0;
  let sum = 0;
  for (const [edge, count] of [...latencies].sort(([a], [b]) => a - b)) {
    sum += count * (edge === Infinity ? lower : (lower + edge) / 2);
    lower = edge;
  }
  return sum / countOf(latencies);
}

/** Turns cumulative buckets into counts between two edges. */
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
