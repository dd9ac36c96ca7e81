import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const sources = readdirSync(path.join(root, 'scripts'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !/^(bench|playground.test)\b/.test(name))
  .map((name) => ({ name, text: readFileSync(path.join(root, 'scripts', name), 'utf8') }));

/** What is ours from the first to the last character. */
const ours = [
  /^\(?(usage|help|`\$\{help\}\\n`)\)/,
  /^\(`[^$`]*`\)/,
  /^\(`\$\{(readVersion\(\)|asCalled\(help, .*\))\}\\n`\)/,
  // Names this program has made itself.
  /\$\{(page|html|server\.url)\}\\n`\)/,
  /^\(describeUse\(/,
  // A count.
  /^\(`\$\{\w+\.length\} [^$`]*`\)/,
];
/**
 * Where a text was made printable before. A patch holds the user's own
 * lines byte for byte, and values of the cluster made printable.
 */
const after = [/^\(`\$\{describeStatus\(/, /^\(result\.values\?\.patch \?\? ''\)/];
/** They hand on what somebody else has made: the rendering itself, and a child's answer to its parent. */
const handedOn = ['render/main.ts', 'render/functions/host.ts', 'shared/outputs.ts'];

describe('what commands print', () => {
  it('is made printable where it is written, or is a text of this repository', () => {
    const calls = sources.flatMap(({ name, text }) =>
      [...text.matchAll(/\bstd(?:out|err)\.write(\([^;]*?\));?\n/g)].map(([, call = '']) => ({ name, call })),
    );
    expect(calls.length).toBeGreaterThan(20);
    const raw = calls.filter(
      ({ name, call }) =>
        !/printable\w*\(/.test(call) &&
        !handedOn.includes(name.replaceAll(path.sep, '/')) &&
        ![...ours, ...after].some((known) => known.test(call)),
    );
    expect(raw).toEqual([]);
  });
});
