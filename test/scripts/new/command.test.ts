import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readCommandLine } from '../../../scripts/new/command-line.ts';
import { makeRepository, type NewContext } from '../../../scripts/new/run-command.ts';
import { verifyCommitted } from '../../../scripts/new/source-files.ts';
import { createSteps } from '../../../scripts/shared/terminal.ts';

const run = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'new-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const context = (): NewContext => ({
  root: path.resolve(import.meta.dirname, '../../..'),
  npm: undefined,
  steps: createSteps({ write: () => undefined }),
});
const command = (...flags: string[]) => {
  const read = readCommandLine(['--allow-dirty', ...flags]);
  if (read === 'help') throw new Error('asked for help');
  return read;
};

describe('npm run new', () => {
  it('lists with --dry-run what would go along, each with its reason, and writes nothing', async () => {
    const out = path.join(folder, 'tea-house');
    const made = await makeRepository(command('--name', 'tea-house', '--out', out, '--dry-run'), context());
    expect(made).toMatchObject({ name: 'tea-house', out });
    expect(made.files).toEqual(
      expect.arrayContaining(['README.md', 'services/tea-house/main.ts', 'package-lock.json']),
    );
    expect(made.reasons.filter(({ because }) => because === '')).toEqual([]);
    expect(made.files.filter((file) => file.includes('coffee'))).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['a folder', 'a file'])('refuses %s that is there, and leaves it as it is', async (what) => {
    const out = path.join(folder, 'there');
    if (what === 'a file') writeFileSync(out, 'mine');
    const taken = what === 'a file' ? out : folder;
    await expect(makeRepository(command('--name', 'tea-house', '--out', taken), context())).rejects.toThrow(
      /is there already, and nothing in it is touched/,
    );
    expect(readdirSync(folder)).toEqual(what === 'a file' ? ['there'] : []);
  });

  it('refuses a bad name before anything else', async () => {
    const out = path.join(folder, 'new');
    await expect(makeRepository(command('--name', 'Tea', '--out', out), context())).rejects.toMatchObject({
      exitCode: 2,
    });
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    [['--out', 'x'], /--name NAME is missing/],
    [['--name', 'x'], /--out DIR is missing/],
    [['--name', 'x', '--out', ''], /--out must be a folder/],
    [['--name', 'x', '--out', 'y', '--with', 'playground,bench'], /--with must be of .*got "bench"/],
    [['--name', 'x', '--out', 'y', '--wiht', 'z'], /Unknown option/],
  ])('refuses %p', (flags, why) => {
    expect(() => readCommandLine(flags)).toThrow(why);
  });

  it('refuses files with changes that nobody has committed, and only for those that go along', async () => {
    const git = (...args: string[]) =>
      run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: folder });
    writeFileSync(path.join(folder, 'kept.ts'), '1');
    writeFileSync(path.join(folder, 'other.ts'), '1');
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'first');
    writeFileSync(path.join(folder, 'other.ts'), '2');
    expect(() => verifyCommitted(folder, ['kept.ts'])).not.toThrow();
    writeFileSync(path.join(folder, 'kept.ts'), '2');
    expect(() => verifyCommitted(folder, ['kept.ts'])).toThrow(
      /^kept\.ts would go along with changes that are not committed/,
    );
    writeFileSync(path.join(folder, 'new file.ts'), '3');
    expect(() => verifyCommitted(folder, ['kept.ts', 'new file.ts'])).toThrow(
      /^kept\.ts and 1 more would go along/,
    );
  });
});
