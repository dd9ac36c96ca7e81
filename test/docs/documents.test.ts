import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { commandBlocks, documents, fencesOf, root, type CommandBlock } from './blocks.ts';
import { exceptionFor, exceptions } from './exceptions.ts';
import { firstUnsaid, masked } from './mask.ts';
import { runBlock, withoutInstall } from './run-block.ts';

const all = documents();
const blocks = all.flatMap(({ file, text }) => commandBlocks(file, text));
const names = blocks.map((block) => ({ name: `${block.file}:${block.line}`, block }));

describe('the commands of the documents', () => {
  it('are found', () => {
    expect(all.length).toBeGreaterThan(10);
    expect(blocks.length).toBeGreaterThan(25);
  });

  it('stand in blocks of their own, marked as such, so that a test runs them', () => {
    const hidden = all.flatMap(({ file, text }) =>
      fencesOf(text)
        // Blocks `console` are those of scripts/render, which has a test of its own for them.
        .filter(({ language }) => !['sh', 'console'].includes(language))
        .filter(({ body }) =>
          body.some((line) => /^\$? ?(npm|kubectl|kind|istioctl|curl|node|npx) /.test(line)),
        )
        .map(({ line }) => `${file}:${line}`),
    );
    expect(hidden).toEqual([]);
  });

  it('say how they are run in words that are known', () => {
    const known = new Set(['service', 'playground', 'empty', 'long', 'gitops', 'step', 'yours']);
    expect(blocks.flatMap(({ words }) => words).filter((word) => !known.has(word))).toEqual([]);
  });

  it('are left out only for a reason, and every reason is needed', () => {
    const commands = blocks.flatMap((block) =>
      block.commands.flatMap(({ text }) => [text, withoutInstall(text)]),
    );
    const needless = exceptions.filter(({ command }) => !commands.some((text) => command.test(text)));
    expect(needless.map(({ because }) => because)).toEqual([]);
  });
});

describe('the links of the documents', () => {
  it('lead to files that are here', () => {
    const links = all.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^https?:/.test(target))
        .map((target) => ({ file, target })),
    );
    expect(links.length).toBeGreaterThan(100);
    const isDead = ({ file, target }: { file: string; target: string }) =>
      !existsSync(path.join(root, path.dirname(file), target));
    expect(links.filter(isDead)).toEqual([]);
  });
});

describe('the comparison of output and text', () => {
  it('sees whether anything was lost, and not how much', () => {
    const row = (lost: string, how: string) =>
      `istio-switch  rough    10,203  ${lost}  ${how}    v1 7,312 v2 2,891   18.3 s  nothing lost, as promised`;
    expect(masked(row('    0', '-'))).toBe(
      masked('istio-switch  rough  9,999    0  -  v1 1 v2 2   3.1 s  nothing lost, as promised'),
    );
    expect(masked(row('    0', '-'))).not.toBe(masked(row('2,891', '503: 2,891')));
    expect(masked(row('   12', 'reset 12'))).toBe(masked(row('2,891', '503: 2,800, closed 91')));
    expect(masked('istio-script    0  2,299')).not.toBe(masked('istio-script  15  2,299'));
  });

  it('does not mind pods, times and ports', () => {
    expect(masked('slowest coffee-shop-v1-85f6f94594-vcc76.default 345 ms')).toBe(
      masked('slowest istio-ingressgateway-d72bca677d-708e3.istio-system 4.1 s'),
    );
  });

  it('wants each promised line, in order', () => {
    expect(firstUnsaid(['a', '…', 'b 1'], ['a', 'x', 'b 2'])).toBeUndefined();
    expect(firstUnsaid(['b', 'a'], ['a', 'b'])).toBe('a');
    expect(firstUnsaid(['{"id":"…","drink":"latte"}'], ['{"id":"7f3","drink":"mocha"}'])).toBeDefined();
  });
});

describe('what a command leaves behind', () => {
  const block = (...commands: string[]): CommandBlock => ({
    ...{ file: 'none', line: 0, words: [], output: undefined },
    commands: commands.map((text) => ({ text, terminal: 1 })),
  });

  it('is seen, and the rest of the block counts for nothing', async () => {
    const failure = await runBlock(block('node test/docs/programs/forgetful.mjs'), { patienceMs: 0 }).catch(
      (error: unknown) => String(error),
    );
    const files = [
      'file: forgotten in the temp folder',
      'announcement of a playground: zero-downtime-coffee-shop-playground-0-1.json',
    ];
    // Processes are found by /proc.
    const running = [/process \d+: .*createServer/, /port: \d+ is still listened on/];
    for (const text of files) expect(failure).toContain(text);
    for (const text of process.platform === 'linux' ? running : []) expect(failure).toMatch(text);
  });

  it('is not what the command itself names', async () => {
    await expect(runBlock(block('touch "$TMPDIR/mine"'), { patienceMs: 0 })).resolves.toEqual([]);
  });
});

describe('what the documents promise, run', () => {
  const short = names.filter(
    ({ block }) => !block.words.some((word) => ['long', 'gitops', 'step', 'yours'].includes(word)),
  );
  const runnable = short.filter(({ block }) =>
    block.commands.some(({ text }) => exceptionFor(text) === undefined),
  );

  it.each(runnable)(
    '$name',
    async ({ block }) => {
      await runBlock(block);
    },
    120_000,
  );
});
