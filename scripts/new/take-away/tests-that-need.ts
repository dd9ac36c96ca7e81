import { readFileSync } from 'node:fs';
import path from 'node:path';
import { localImports } from '../choose-files.ts';

/**
 * The tests, and what helps them, that import something of these folders, be it over others, or name a path
 * in them: they start its commands, or judge it.
 * @param files all of the repository's
 */
export function testsThatNeed(root: string, files: readonly string[], folders: readonly string[]): string[] {
  const own = files.filter((file) => /^test\/.*\.(ts|mjs|js)$/.test(file));
  const isOf = (text: string): boolean =>
    folders.some((folder) => text === folder || text.startsWith(`${folder}/`));
  const mentions = new RegExp(`\\b(${folders.join('|')})\\b`);
  const needing = new Set(
    own.filter(
      (file) =>
        localImports(root, file).some(isOf) || mentions.test(readFileSync(path.join(root, file), 'utf8')),
    ),
  );
  for (let before = -1; before !== needing.size;) {
    before = needing.size;
    for (const file of own)
      if (localImports(root, file).some((target) => needing.has(target))) needing.add(file);
  }
  return [...needing].sort();
}
