/** Line by line, as `diff -U1` shows it, over the YAML of two values. */
import { stringify } from 'yaml';

export function diffObjects(before: unknown, after: unknown): string[] {
  // What two places share is written out in both: an alias would be a change that is none.
  const text = (value: unknown) =>
    value === undefined ? [] : stringify(value, { aliasDuplicateObjects: false }).trimEnd().split('\n');
  return diffLines(text(before), text(after));
}

function diffLines(a: string[], b: string[]): string[] {
  // Longest common subsequence; manifests are small.
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = table[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: { mark: ' ' | '-' | '+'; text: string }[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: '-', text: a[i] ?? '' });
      i += 1;
    } else {
      lines.push({ mark: '+', text: b[j] ?? '' });
      j += 1;
    }
  }
  const near = (index: number) => [index - 1, index, index + 1].some((n) => (lines[n]?.mark ?? ' ') !== ' ');
  return lines.filter((_line, index) => near(index)).map(({ mark, text }) => `${mark} ${text}`);
}
