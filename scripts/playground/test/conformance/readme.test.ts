import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { allBehaviours, chapters } from './behaviours/index.ts';
import { renderTables, rowsOf } from './table.ts';

const document = readFileSync(path.join(import.meta.dirname, 'BEHAVIOURS.md'), 'utf8');

describe('the document of the suite', () => {
  it('names every behaviour and no other, with its source and what is different in the playground', () => {
    const tables = document.slice(document.indexOf('### '));
    expect(rowsOf(tables)).toEqual(rowsOf(renderTables(chapters)));
  });

  it('can tell behaviours apart by their names', () => {
    const names = allBehaviours.map(({ name }) => name);
    expect(names).toHaveLength(new Set(names).size);
  });
});
