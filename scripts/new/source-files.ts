import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CommandError } from '../shared/errors.ts';

/** Never part of a source, where nobody says what is. */
const notSource = /(^|\/)(node_modules|dist|coverage|demo-report|\.git)(\/|$)|\.log$/;

/** The files of this repository: those that Git keeps, or, in a copy without Git, all but what is made. */
export function sourceFiles(root: string): string[] {
  if (isClone(root)) {
    // A file that was removed without a word to Git is still listed.
    return lines(git(root, ['ls-files', '--cached', '--others', '--exclude-standard'])).filter((file) =>
      existsSync(path.join(root, file)),
    );
  }
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .filter((file) => !notSource.test(file));
}

/**
 * Files that go along are taken as they lie there. What is not committed is nobody's version.
 * @throws CommandError that names them
 */
export function verifyCommitted(root: string, files: readonly string[]): void {
  if (!isClone(root)) return;
  const going = new Set(files);
  const dirty = lines(git(root, ['status', '--porcelain', '--untracked-files=all', '--no-renames']))
    .map((line) => line.slice(3).replace(/^"|"$/g, ''))
    .filter((file) => going.has(file));
  const [first] = dirty;
  if (first === undefined) return;
  const more = dirty.length === 1 ? '' : ` and ${dirty.length - 1} more`;
  throw new CommandError(
    `${first}${more} would go along with changes that are not committed. Commit or stash them, or say --allow-dirty.`,
  );
}

const isClone = (root: string): boolean => existsSync(path.join(root, '.git'));
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function git(root: string, args: string[]): string {
  try {
    // A file may have any name: not as Git quotes it.
    return execFileSync('git', ['-c', 'core.quotePath=false', ...args], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
  } catch (cause) {
    throw new CommandError(`git ${args[0] ?? ''} failed in ${root}: is Git installed?`, { cause });
  }
}
