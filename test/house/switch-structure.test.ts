import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { circles, importGraph } from '../support/import-graph.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..', 'scripts/switch');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ path: join(root, name), name, text: readFileSync(join(root, name), 'utf8') }));

/** The lines of each function, its own and those of the functions in it. */
function functionsOf({ name, text }: { name: string; text: string }): { name: string; lines: number }[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: { name: string; lines: number }[] = [];
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const lines = lineAt(node.getEnd()) - lineAt(node.getStart()) + 1;
      found.push({ name: `${name}:${lineAt(node.getStart()) + 1}`, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the files of the switch', () => {
  it('have no circle of imports, by value or by type', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(circles(importGraph(files.map(({ path }) => path)))).toEqual([]);
  });

  it('have no function of 60 lines or more', () => {
    const long = files.flatMap((file) => functionsOf(file)).filter(({ lines }) => lines >= 60);
    expect(long.map(({ name, lines }) => `${name}: ${lines} lines`)).toEqual([]);
  });

  it('are short, half of them below 80 lines', () => {
    const lengths = files.map(({ text }) => text.split('\n').length - 1).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(80);
  });
});

describe('the documents of the switch', () => {
  const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].map(
    (name) => ({ name, lines: readFileSync(join(root, name), 'utf8').trimEnd().split('\n') }),
  );

  it('begin with one screen', () => {
    expect(documents.length).toBeGreaterThan(4);
    expect(documents[0]?.lines.length).toBeLessThanOrEqual(120);
  });

  it('have words in the cells of their tables, and no paragraphs', () => {
    const long = documents.flatMap(({ name, lines }) =>
      lines
        .filter((line) => line.startsWith('|'))
        .flatMap((line) => line.split('|').map((cell) => cell.trim()))
        .filter((cell) => cell.length > 160)
        .map((cell) => `${name}: ${cell}`),
    );
    expect(long).toEqual([]);
  });
});
