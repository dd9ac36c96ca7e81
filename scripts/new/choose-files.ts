import { readFileSync } from 'node:fs';
import path from 'node:path';
import { contents, needs, type Entry, type Part } from './contents.ts';

/** A file that goes along. */
export interface Chosen {
  from: string;
  to: string;
  because: string;
}

/** What can be imported in place of a source that does not go along. */
export const packed: Record<string, { instead: string; part: Part }> = {
  'scripts/render/index.ts': { instead: 'zero-downtime-tools/render', part: 'render' },
};

/** With all that the parts cannot do without. */
export function withNeeds(asked: readonly Part[]): Set<Part> {
  const all = new Set<Part>();
  const open = [...asked];
  for (const part of open) {
    if (all.has(part)) continue;
    all.add(part);
    open.push(...needs[part]);
  }
  return all;
}

/**
 * Which files go along.
 * @param files all of the repository's
 * @throws Error when something that goes along imports what stays: then the list of contents is wrong
 */
export function chooseFiles(root: string, files: readonly string[], parts: ReadonlySet<Part>): Chosen[] {
  const entries = new Map(
    files.flatMap((file): [string, Entry][] => {
      const entry = entryFor(file, parts);
      return entry === undefined ? [] : [[file, entry]];
    }),
  );
  const importsOf = (file: string): string[] =>
    localImports(root, file).filter((target) => !isPacked(target, parts));
  const going = new Map<string, string>();
  const add = (file: string, because: string): void => {
    if (going.has(file)) return;
    going.set(file, because);
    for (const target of importsOf(file)) {
      const entry = entries.get(target);
      if (entry === undefined)
        throw new Error(
          `${file} goes along, and imports ${target}, which stays: see scripts/new/contents.ts`,
        );
      add(target, entry.asNeeded === true ? `${entry.because}: imported by ${file}` : entry.because);
    }
  };
  for (const [file, entry] of entries) {
    if (entry.asNeeded === true) continue;
    if (!isTestCode(file)) add(file, entry.because);
    else if (file.endsWith('.test.ts') && canStand(file, entries, importsOf)) add(file, entry.because);
  }
  return [...going]
    .map(([from, because]) => ({ from, to: entries.get(from)?.to ?? from, because }))
    .sort(byPath);
}

const byPath = (a: Chosen, b: Chosen): number => (a.to < b.to ? -1 : 1);
const isTestCode = (file: string): boolean => /(^|\/)test\/.*\.ts$/.test(file);
const isPacked = (file: string, parts: ReadonlySet<Part>): boolean => {
  const library = packed[file];
  return library !== undefined && !parts.has(library.part);
};

function entryFor(file: string, parts: ReadonlySet<Part>): Entry | undefined {
  const [best] = contents
    .filter((entry) => file === entry.path || file.startsWith(`${entry.path}/`))
    .filter(
      ({ part, without }) =>
        (part === undefined || parts.has(part)) && (without === undefined || !parts.has(without)),
    )
    .sort((a, b) => b.path.length - a.path.length);
  return best;
}

/** Whether all that a test imports goes along, or may. */
function canStand(
  test: string,
  entries: ReadonlyMap<string, Entry>,
  importsOf: (file: string) => string[],
): boolean {
  const seen = new Set<string>();
  const open = [test];
  for (const file of open) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!entries.has(file)) return false;
    open.push(...importsOf(file));
  }
  return true;
}

/**
 * Files of the repository that a program imports, and programs of
 * `test/` that it starts by their path from the top folder.
 */
export function localImports(root: string, file: string): string[] {
  if (!/\.(ts|mjs|js)$/.test(file)) return [];
  const text = readFileSync(path.join(root, file), 'utf8');
  const imported = [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'(\.[^']+)'/gm)].map(
    ([, target = '']) => path.posix.join(path.posix.dirname(file), target),
  );
  const started = [...text.matchAll(/'(test\/[\w./-]+\.mjs)'/g)].map(([, target = '']) => target);
  return [...imported, ...started];
}
