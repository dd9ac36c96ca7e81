import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const importPattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)['"](\.[^'"]+)['"]/g;

/** Which files each file imports, values and types alike, lazily or not. */
const graph = new Map(
  ['services', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name): [string, string[]] => {
        const file = path.join(root, folder, name);
        const targets = [...readFileSync(file, 'utf8').matchAll(importPattern)].map(([, target = '']) =>
          path.resolve(path.dirname(file), target),
        );
        return [file, targets];
      }),
  ),
);

/** A circle through each file that is in one, as a path from the file back to it. */
function circles(imports: ReadonlyMap<string, string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) found.push([...way.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

describe('imports', () => {
  it('run in no circle, by value or by type', () => {
    expect(graph.size).toBeGreaterThan(100);
    const said = circles(graph).map((way) => way.map((file) => path.relative(root, file)).join(' -> '));
    expect(said).toEqual([]);
  });

  it('are searched for circles of any length, the shortest included', () => {
    const imports = new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['d']],
      ['e', ['a']],
    ]);
    expect(circles(imports)).toEqual([
      ['a', 'b', 'c', 'a'],
      ['d', 'd'],
    ]);
  });
});
