import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readCommandLine } from '../../../scripts/demo/command-line.ts';
import { commandBlocks, documents, root } from '../../docs/blocks.ts';

/** The flags of each `npm run demo` in any document. test/docs and test/matrix/docs run them. */
const demoCommands = documents()
  .flatMap(({ file, text }) => commandBlocks(file, text))
  .flatMap(({ commands }) => commands.map(({ text }) => text))
  .map((text) => /^npm run demo(?: -- (?<flags>.*))?$/.exec(text))
  .flatMap((found) => (found ? [found.groups?.['flags'] ?? ''] : []))
  .map((flags) => (flags === '' ? [] : flags.split(/\s+/)));

describe('the demo in the documents', () => {
  it('is found', () => expect(demoCommands.length).toBeGreaterThan(10));

  it.each(demoCommands.map((flags) => [flags.join(' '), flags] as const))(
    'has flags that it understands: %s',
    (_text, flags) => {
      expect(readCommandLine([...flags]).help).toBe(false);
    },
  );
});

const workshop = readFileSync(path.join(root, 'WORKSHOP.md'), 'utf8');
const exercises = workshop.split(/^## /m).filter((text) => /^\d/.test(text));

describe('the workshop', () => {
  it('has eight exercises, each with a command, its output, a question and its answer', () => {
    expect(exercises).toHaveLength(8);
    for (const text of exercises) {
      const [block] = commandBlocks('WORKSHOP.md', text);
      expect(block?.commands.at(-1)?.text).toMatch(/^npm run (demo|switch)/);
      expect(block?.output?.length).toBeGreaterThan(0);
      expect(text).toContain('**Question:**');
      expect(text).toContain('<summary>Answer</summary>');
    }
  });

  it('adds its own step where the plan has a place for it', () => {
    const [, before = ''] = /s\/(deployVersion[^/]*)\/deployVersion, taste/.exec(workshop) ?? [];
    const plan = readFileSync(path.join(root, 'scripts/switch/plan.ts'), 'utf8');
    expect(before).not.toBe('');
    expect(plan).toMatch(new RegExp(before));
    expect(plan).toMatch(/^import type \{ NamedPart/m);
  });

  it('is followed by ten steps to a service of your own', () => {
    const yours = readFileSync(path.join(root, 'MAKE-IT-YOURS.md'), 'utf8');
    const steps = [...yours.matchAll(/\*\*(\d+)\. /g)].map(([, n]) => Number(n));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
