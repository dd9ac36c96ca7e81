import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './sources.ts';

/** As in .prettierrc.json: a comment line may be as long as a line of code. */
const MOST_COLUMNS = 110;

const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(ts|mjs|cjs|js|sh|yaml)$|^\.ci\/|Containerfile$/.test(file))
  .filter((file) => !/(^|\/)fixtures\//.test(file));

/** Lines that begin as a comment does. */
function commentLinesOf(file: string): { at: string; line: string }[] {
  const begins = /\.(ts|mjs|cjs|js)$/.test(file) ? /^\s*(\/\/|\/\*|\*)/ : /^\s*#/;
  return readFileSync(path.join(root, file), 'utf8')
    .split('\n')
    .map((line, index) => ({ at: `${file}:${index + 1}`, line }))
    .filter(({ line }) => begins.test(line));
}

/** An address and a directive of ESLint cannot be broken. */
const cannotBeBroken = /^\s*(\/\/|\/?\*+|#)\s*(https?:\/\/\S+( \*\/)?$|eslint-disable)/;

describe('the comments', () => {
  it('have no line that is longer than a line of code', () => {
    const lines = files.flatMap(commentLinesOf);
    expect(lines.length).toBeGreaterThan(3_000);
    const long = lines.filter(({ line }) => line.length > MOST_COLUMNS && !cannotBeBroken.test(line));
    expect(long.map(({ at, line }) => `${at}: ${line.length} columns`)).toEqual([]);
  });
});
