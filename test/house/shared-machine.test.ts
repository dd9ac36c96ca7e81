import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const sources = ['scripts', 'services'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|cjs|mjs|sh)$/.test(name))
    .map((name) => path.join(folder, name))
    .filter((name) => !/^scripts.playground.test\b/.test(name)),
);

/** The files in which this stands. */
const filesWith = (pattern: RegExp): string[] => sources.filter((file) => pattern.test(read(file))).sort();

describe('what ships, on a machine that others use', () => {
  it('asks who runs it in one place, which has an answer where the user database has none', () => {
    expect(
      filesWith(/import \{[^}]*\b(homedir|userInfo)\b[^}]*\} from 'node:os'|\bos\.(homedir|userInfo)\(/),
    ).toEqual(['scripts/shared/user.ts']);
  });

  it('makes names in the temp folder in one place, where nobody can guess or take them', () => {
    expect(filesWith(/\bmkdtemp(Sync)?\b/)).toEqual([
      'scripts/render/bundle.ts',
      'scripts/shared/own-folder.ts',
    ]);
    expect(filesWith(/\btmpdir\(\)/)).toEqual(['scripts/demo/main.ts', 'scripts/shared/own-folder.ts']);
    expect(filesWith(/['"`/ ]\/tmp\//)).toEqual([]);
  });

  it('loads TypeScript only by the loader that looks whose cache it is', () => {
    expect(filesWith(/['"]tsx['"]|--import tsx/)).toEqual([]);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const programs = Object.entries(scripts).filter(([, command]) => command.includes('main.ts'));
    expect(programs.length).toBeGreaterThan(8);
    for (const [name, command] of programs)
      expect([name, command]).toEqual([
        name,
        expect.stringMatching(/^node --import \.\/load-typescript\.mjs /),
      ]);
  });
});
