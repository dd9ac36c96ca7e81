import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const folder = path.resolve(import.meta.dirname, '..');
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll(path.sep, '/'))
  .filter((name) => /\.(ts|cjs|sh)$/.test(name) && !/^(test|node_modules)\//.test(name));
const linesOf = (name: string): number =>
  readFileSync(path.join(folder, name), 'utf8').split('\n').length - 1;

interface Wing {
  name: string;
  places: string[];
  /** The lines it is said to have. */
  said: number;
}

/** The wings of the table. A row without a name holds more places of the wing above it. */
const rows = readFileSync(path.join(folder, 'docs/wings.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (-|wing )/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .reduce<Wing[]>((wings, [, name = '', , where = '', lines = '']) => {
    const places = [...where.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place);
    const last = wings.at(-1);
    if (name !== '' || last === undefined) wings.push({ name, places, said: Number(lines.replace(',', '')) });
    else last.places.push(...places);
    return wings;
  }, []);

/**
 * Which row's place it is in: the longest that fits; `.` stands for the files of the package's own folder.
 */
function rowOf(source: string): string | undefined {
  const fits = rows.flatMap(({ name, places }) =>
    places
      .filter((place) =>
        place === '.' ? !source.includes('/') : source === place || source.startsWith(`${place}/`),
      )
      .map((place) => ({ name, length: place.length })),
  );
  return fits.sort((a, b) => b.length - a.length)[0]?.name;
}

describe('the table of wings', () => {
  it('has a place for every file, and no place without one', () => {
    expect(rows.length).toBeGreaterThan(8);
    expect(sources.filter((source) => rowOf(source) === undefined)).toEqual([]);
    const used = new Set(sources.map(rowOf));
    expect(rows.filter(({ name }) => !used.has(name))).toEqual([]);
  });

  it('says the size of each to a tenth', () => {
    const wrong = rows.flatMap(({ name, said }) => {
      const lines = sources
        .filter((source) => rowOf(source) === name)
        .reduce((sum, source) => sum + linesOf(source), 0);
      return Math.abs(said - lines) <= lines / 10 ? [] : [`${name}: ${lines} lines, the table says ${said}`];
    });
    expect(wrong).toEqual([]);
  });
});
