import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, type CommandBlock } from '../../docs/blocks.ts';
import { runBlock } from '../../docs/run-block.ts';

/** One reader who goes through one document from its beginning to its end. */
export interface Reading {
  /** Runs a block and says so, with its time; gives what was said in the background. */
  read(block: CommandBlock): Promise<string[]>;
  /** Says how it went, and takes everything away. */
  close(): void;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Blocks run in copies of the repository, so that what they leave in it
 * can be seen: one for the document, one for what the reader makes of it.
 */
export function openReading(title: string, blocksInAll: number): Reading {
  const copies = new Map<boolean, string>();
  const copyFor = (isYours: boolean): string => {
    const copy = copies.get(isYours) ?? copyRepository();
    copies.set(isYours, copy);
    return copy;
  };
  let began: number | undefined;
  let good = 0;
  let bad = 0;
  return {
    async read(block) {
      const [first] = block.commands[0]?.text.split('\n') ?? [];
      say(`${title}, block ${good + bad + 1} of ${blocksInAll}, line ${block.line}: ${first}`);
      const start = performance.now();
      began ??= start;
      const took = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
      try {
        const cwd = copyFor(block.words.includes('yours'));
        const said = await runBlock(block, { cwd });
        if (!block.words.some((word) => ['step', 'yours'].includes(word))) verifyNothingNew(cwd, block);
        good += 1;
        say(`  done after ${took()}`);
        return said;
      } catch (error) {
        bad += 1;
        say(`  FAILED after ${took()}`);
        throw error;
      }
    },
    close() {
      for (const copy of copies.values()) rmSync(copy, { recursive: true, force: true });
      if (began === undefined) return;
      const minutes = ((performance.now() - began) / 60_000).toFixed(1);
      const result = bad === 0 ? 'all green, nothing left behind' : `${bad} FAILED`;
      say(`${title}: ${minutes} min, ${good + bad} of ${blocksInAll} blocks, ${result}`);
    },
  };
}

const git = (cwd: string, ...args: string[]): string[] =>
  execFileSync('git', args, { cwd, encoding: 'utf8' }).split('\n').filter(Boolean);

/**
 * What git knows or would take, with the packages that are installed, and
 * a first commit: a reader who has changed something can take it back.
 */
function copyRepository(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'reading-test-'));
  // Where it is a link, it is not ignored.
  const files = git(root, 'ls-files', '--cached', '--others', '--exclude-standard').filter(
    (file) => file !== 'node_modules',
  );
  for (const file of files) cpSync(path.join(root, file), path.join(copy, file));
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  git(copy, 'init', '--quiet');
  // Guides commit, too.
  git(copy, 'config', 'user.name', 'a');
  git(copy, 'config', 'user.email', 'a@example');
  git(copy, 'add', '--all');
  git(copy, 'commit', '--quiet', '--message', 'As it was');
  return copy;
}

/** A command leaves nothing in the repository but what the text names. */
function verifyNothingNew(cwd: string, { commands, output = [] }: CommandBlock): void {
  const named = [...commands.map(({ text }) => text), ...output].join('\n');
  const left = git(cwd, 'status', '--porcelain', '--ignored').filter(
    (line) => !named.includes(line.slice(3)),
  );
  if (left.length > 0) throw new Error(`Left in the repository:\n${left.join('\n')}`);
}
