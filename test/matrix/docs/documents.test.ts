import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandBlocks, documents, root } from '../../docs/blocks.ts';
import { exceptionFor } from '../../docs/exceptions.ts';
import { runBlock } from '../../docs/run-block.ts';

const blocks = documents()
  .flatMap(({ file, text }) => commandBlocks(file, text))
  .filter(({ commands }) => commands.some(({ text }) => exceptionFor(text) === undefined))
  .map((block) => ({
    name: `${block.file}:${block.line} ${block.commands[0]?.text.split('\n')[0] ?? ''}`,
    block,
  }));

const minutes = 60_000;

describe('what the documents promise, run: releases and clusters', () => {
  const long = blocks.filter(({ block }) => block.words.includes('long'));
  it.each(long)(
    '$name',
    async ({ block }) => {
      await runBlock(block);
    },
    20 * minutes,
  );
});

describe.each(['step', 'yours'])('what changes the repository, in a copy: %s', (word) => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(path.join(tmpdir(), 'yours-test-'));
    const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      // Where it is a link, it is not ignored.
      .filter((file) => file !== 'node_modules');
    for (const file of files) cpSync(path.join(root, file), path.join(cwd, file));
    symlinkSync(path.join(root, 'node_modules'), path.join(cwd, 'node_modules'));
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  const steps = blocks.filter(({ block }) => block.words.includes(word));
  it('has steps', () => expect(steps.length).toBeGreaterThan(1));

  it.each(steps)(
    '$name',
    async ({ block }) => {
      const said = await runBlock(block, { cwd });
      const hasLoad = block.commands.some(({ text }) => text.startsWith('npm run load'));
      if (hasLoad) expect(said.join('\n')).toMatch(/requests answered, none lost/);
    },
    5 * minutes,
  );
});
