/** Describes a cluster file compared with the cluster. */
import type { ValuesReport } from '../types.ts';

/** The changes that were made in the file, or that the patch makes. */
export function describeChanges({ file, changes }: Pick<ValuesReport, 'file' | 'changes'>): string {
  if (changes.length === 0) return `${file} says so already`;
  return `${file}: ${changes.map(({ key, from, to }) => `${key} ${from} -> ${to}`).join(', ')}`;
}

/** What applying the file would still change, and the values of that rendering. */
export function describeRest(
  { file, differs }: Pick<ValuesReport, 'file' | 'differs'>,
  vars: Readonly<Record<string, string>> = {},
): string[] {
  const flags = Object.keys(vars).map((key) => `--var ${key}=…`);
  const told = flags.length > 0 ? [`Render ${file} with ${flags.join(' ')} too, or write that into it`] : [];
  return [...differs.map((one) => `${file} says otherwise still: ${one}`), ...told];
}

/** The differences of a file that is only compared. */
export function describeDifference({ file, changes, differs }: ValuesReport): string[] {
  const values = changes.map(({ key, from, to }) => `${key} ${from}, where the cluster has ${to}`);
  return [...values, ...differs].map((one) => `${file} says otherwise: ${one}`);
}
