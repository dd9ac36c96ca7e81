import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCommandLine } from '../../../scripts/demo/command-line.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (name: string): string => readFileSync(path.join(root, 'scripts/demo', name), 'utf8');

/** The lines of the fenced blocks of a guide, block by block. */
const blocks = (text: string): string[][] =>
  [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block.trimEnd().split('\n'));

/** The flags of each `npm run demo` in the text. */
const demoCommands = (text: string): string[][] =>
  blocks(text)
    .flat()
    .filter((line) => line.startsWith('npm run demo'))
    .map((line) => (/^npm run demo(?: -- (?<flags>[^#]*))?/.exec(line)?.groups?.['flags'] ?? '').trim())
    .map((flags) => (flags === '' ? [] : flags.split(/\s+/)));

describe.each(['README.md', 'WORKSHOP.md'])('the commands of %s', (name) => {
  const commands = demoCommands(read(name));

  it('are found', () => expect(commands.length).toBeGreaterThan(3));

  it.each(commands.map((flags) => [flags.join(' '), flags] as const))('understand: %s', (_text, flags) => {
    expect(readCommandLine([...flags]).help).toBe(false);
  });
});

/** Command and expected output of each exercise. */
const exercises = read('WORKSHOP.md')
  .split(/^## (?=\d)/m)
  .slice(1)
  .map((text) => {
    const [command = [], expected = []] = blocks(text);
    return { title: text.split('\n')[0] ?? '', command: command[0] ?? '', expected, text };
  });

describe('the workshop', () => {
  it('has eight exercises, each with a command, its output, a question and its answer', () => {
    expect(exercises).toHaveLength(8);
    for (const { command, expected, text } of exercises) {
      expect(command).toMatch(/^npm run (demo|switch)/);
      expect(expected.length).toBeGreaterThan(0);
      expect(text).toContain('**Question:**');
      expect(text).toContain('<summary>Answer</summary>');
    }
  });
});

// Seven releases and more take minutes and a quiet machine: RUN_WORKSHOP=1 npm test -- test/scripts/demo/guide
const inFull = process.env['RUN_WORKSHOP'] === '1' ? describe : describe.skip;

/** What does not change from run to run: whether anything was lost, not how much; words, not numbers. */
function masked(line: string): string {
  return line
    .replace(/(calm|rough) +[\d,]+ +0 /, '$1 sent none ')
    .replace(/(calm|rough) +[\d,]+ +[\d,]+ .*? {2}(?=v\d)/, '$1 sent some ')
    .replace(/[\d,.]+/g, '0')
    .replace(/[ -]+/g, ' ')
    .trim();
}

inFull('every exercise, run', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'workshop-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(exercises)(
    '$title',
    async ({ command, expected, title }) => {
      const out = path.join(folder, title.split('.')[0] ?? '');
      const args = command.split(/\s+/).slice(1);
      if (args[1] === 'demo') args.push('--out', out);
      const { stdout } = await promisify(execFile)('npm', args, { cwd: root }).catch((error: unknown) => {
        throw new Error(`${command}: ${String(error)}`);
      });
      const said = stdout.split('\n').map(masked);
      for (const line of expected) expect(said).toContain(masked(line));
    },
    300_000,
  );
});
