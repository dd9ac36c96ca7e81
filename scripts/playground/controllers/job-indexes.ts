import type { Pod } from '../pod-types.ts';

/** Label, annotation and downward-API key of a pod of an indexed Job. */
export const INDEX = 'batch.kubernetes.io/job-completion-index';

export function indexOf(pod: Pod): number {
  return Number(pod.metadata.annotations?.[INDEX] ?? -1);
}

/** `0,1`, `1-3,5`: how a Job's status names indexes. */
export function formatIndexes(indexes: readonly number[]): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  const intervals: [first: number, last: number][] = [];
  for (const index of sorted) {
    const current = intervals.at(-1);
    if (current !== undefined && current[1] === index - 1) current[1] = index;
    else intervals.push([index, index]);
  }
  return intervals
    .map(([first, last]) =>
      first === last ? String(first) : `${first}${last === first + 1 ? ',' : '-'}${last}`,
    )
    .join(',');
}

/** The lowest indexes that neither succeeded nor run. */
export function missingIndexes(completions: number, taken: ReadonlySet<number>, wanted: number): number[] {
  const missing: number[] = [];
  for (let index = 0; index < completions && missing.length < wanted; index += 1)
    if (!taken.has(index)) missing.push(index);
  return missing;
}
