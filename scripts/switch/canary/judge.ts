/** Judges the evidence: numbers for the user, and an error when the candidate is worse. */
import { CommandError } from '../../shared/errors.ts';
import { fisherExact } from './fisher.ts';
import type { Samples } from './fisher.ts';
import type { Comparison } from './latency.ts';

export interface Versions {
  from: string;
  to: string;
}

/** The candidate is worse than the current version: waiting and retrying do not change that. */
export class WorseError extends CommandError {}

/** Describes the counts; throws when the candidate has significantly more errors. */
export function judgeErrors(
  { from, to }: Versions,
  { candidate, current }: Samples,
  significance: number,
): string {
  const chance = fisherExact(candidate, current);
  const counted = `${to} ${candidate.errors} errors of ${candidate.requests}, ${from} ${current.errors} of ${current.requests}`;
  if (chance < significance)
    throw new WorseError(`${to} is worse than ${from}: ${counted} (${oncePer(chance)})`);
  return counted;
}

/** `3 of 120 slower than 25 ms, v1 12 of 480` */
export function describeLatency({ from }: Versions, { limitMs, candidate, current }: Comparison): string {
  return `${candidate.errors} of ${candidate.requests} slower than ${limitMs} ms, ${from} ${current.errors} of ${current.requests}`;
}

export const isSlower = (
  comparison: Comparison | undefined,
  significance: number,
): comparison is Comparison =>
  comparison !== undefined && comparison.isSlow && comparison.chance < significance;

export function slowerError(versions: Versions, comparison: Comparison): WorseError {
  const { from, to } = versions;
  return new WorseError(
    `${to} is slower than ${from}: ${describeLatency(versions, comparison)} (${oncePer(comparison.chance)}, and so it was in the sample before)`,
  );
}

const oncePer = (chance: number) =>
  chance < 1e-9 ? 'by chance less than once in 1,000,000,000' : `by chance once in ${Math.round(1 / chance)}`;
