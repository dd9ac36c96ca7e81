/** The difference of two texts as `git apply` and `patch` take it. */
import { diffLines } from './diff-lines.ts';

const CONTEXT = 3;

/**
 * https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 * @param name of the file, with `/`, relative to where the patch is applied
 * @returns an empty text where nothing differs
 */
export function unifiedDiff(name: string, before: string, after: string): string {
  const lines = diffLines(linesOf(before), linesOf(after));
  const changed = lines.flatMap(({ mark }, index) => (mark === ' ' ? [] : [index]));
  if (changed.length === 0) return '';
  const hunks: string[] = [];
  for (let at = 0; at < changed.length;) {
    const first = changed[at] ?? 0;
    // Changes whose contexts meet are one hunk.
    while ((changed[at + 1] ?? Infinity) - (changed[at] ?? 0) <= 2 * CONTEXT) at += 1;
    const last = changed[at] ?? 0;
    hunks.push(hunkOf(lines, Math.max(0, first - CONTEXT), Math.min(lines.length, last + CONTEXT + 1)));
    at += 1;
  }
  return `--- a/${name}\n+++ b/${name}\n${hunks.join('')}`;
}

type Lines = ReturnType<typeof diffLines>;

function hunkOf(lines: Lines, start: number, end: number): string {
  const own = lines.slice(start, end);
  const count = (part: Lines, mark: '-' | '+') => part.filter((line) => line.mark !== mark).length;
  const range = (mark: '-' | '+') => {
    const size = count(own, mark);
    return `${count(lines.slice(0, start), mark) + (size === 0 ? 0 : 1)},${size}`;
  };
  const body = own.map(({ mark, text }) =>
    text.endsWith('\n') ? `${mark}${text}` : `${mark}${text}\n\\ No newline at end of file\n`,
  );
  return `@@ -${range('+')} +${range('-')} @@\n${body.join('')}`;
}

/** Each with its end. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
