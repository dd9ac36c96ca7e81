/** Line by line, as `diff -U1` shows it, over the YAML of two values. */
import { stringify } from 'yaml';
import { diffLines } from './diff-lines.ts';

export function diffObjects(before: unknown, after: unknown): string[] {
  // What two places share is written out in both: an alias would be a change that is none.
  const text = (value: unknown) =>
    value === undefined ? [] : stringify(value, { aliasDuplicateObjects: false }).trimEnd().split('\n');
  const lines = diffLines(text(before), text(after));
  const near = (index: number) => [index - 1, index, index + 1].some((n) => (lines[n]?.mark ?? ' ') !== ' ');
  return lines.filter((_line, index) => near(index)).map(({ mark, text: line }) => `${mark} ${line}`);
}
