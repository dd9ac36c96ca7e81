/** A cluster file beside the cluster, for a person. */
import type { ValuesReport } from '../types.ts';

/** What was changed in the file, or is by the patch. */
export function describeChanges({ file, changes }: Pick<ValuesReport, 'file' | 'changes'>): string {
  if (changes.length === 0) return `${file} says so already`;
  return `${file}: ${changes.map(({ key, from, to }) => `${key} ${from} -> ${to}`).join(', ')}`;
}

/** What its rendering would still change, and what it was rendered with. */
export function describeRest(
  { file, differs }: Pick<ValuesReport, 'file' | 'differs'>,
  vars: Readonly<Record<string, string>> = {},
): string[] {
  const flags = Object.keys(vars).map((key) => `--var ${key}=…`);
  const told = flags.length > 0 ? [`Render ${file} with ${flags.join(' ')} too, or write that into it`] : [];
  return [...differs.map((one) => `${file} says otherwise still: ${one}`), ...told];
}

/** Of a file that nobody has changed. */
export function describeDifference({ file, changes, differs }: ValuesReport): string[] {
  const values = changes.map(({ key, from, to }) => `${key} ${from}, where the cluster has ${to}`);
  return [...values, ...differs].map((one) => `${file} says otherwise: ${one}`);
}
