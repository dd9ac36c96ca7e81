import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Where the repository lies. */
export const root = resolve(import.meta.dirname, '../..');

/** A file and what it imports. */
export interface SourceFile {
  path: string;
  text: string;
  /** Import targets: repository paths for relative imports, package names otherwise. */
  imports: string[];
}

const importPattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)['"]([^'"]+)['"]/g;

function parse(path: string, text: string): SourceFile {
  const imports = [...text.matchAll(importPattern)].map((match) => {
    const target = match[1] ?? '';
    return target.startsWith('.') ? relative(root, resolve(root, dirname(path), target)) : target;
  });
  return { path, text, imports };
}

/** Every source file of a folder. */
export function sourcesUnder(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') || name.endsWith('.cjs'))
    .map((name) => join(folder, name))
    .map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

/** `path imports target` for every import that `isForbidden` says may not be. */
export function violations(
  files: SourceFile[],
  isForbidden: (target: string, file: SourceFile) => boolean,
): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((target) => isForbidden(target, file))
      .map((target) => `${file.path} imports ${target}`),
  );
}

/** The playground is a package with its tests inside. */
export const isTestOfPlayground = (path: string): boolean => path.startsWith('scripts/playground/test/');
