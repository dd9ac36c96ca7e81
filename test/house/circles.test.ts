import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { circles, importGraph } from '../support/import-graph.ts';

const root = path.resolve(import.meta.dirname, '../..');
const graph = importGraph(
  ['services', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(root, folder, name)),
  ),
);

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
