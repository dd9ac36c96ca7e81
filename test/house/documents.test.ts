import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './sources.ts';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((file) => ({ file, text: read(file), lines: read(file).trimEnd().split('\n') }));
const readmes = documents.filter(({ file }) => path.basename(file) === 'README.md');

/** Two screens. */
const MOST_LINES = 120;

/** The name that GitHub gives a heading's place: https://github.com/Flet/github-slugger. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');
const headingsOf = (text: string, level: RegExp): string[] =>
  text
    .replace(/^```[\s\S]*?^```/gm, '')
    .split('\n')
    .flatMap((line) => level.exec(line)?.slice(1) ?? []);

/** The cells of a document's tables, with the line that each stands in. */
const cellsOf = ({ file, lines }: { file: string; lines: string[] }): { at: string; cell: string }[] =>
  lines.flatMap((line, index) =>
    line.startsWith('|')
      ? line
          .split(/(?<!\\)\|/)
          .map((cell) => ({ at: `${file}:${index + 1}`, cell: cell.trim() }))
          .filter(({ cell }) => !/^[:-]+$/.test(cell))
      : [],
  );

describe('the documents', () => {
  it('are found', () => {
    expect(documents.length).toBeGreaterThan(35);
    expect(readmes.length).toBeGreaterThan(15);
  });

  it('begin each folder with one screen', () => {
    const long = readmes.filter(({ lines }) => lines.length > MOST_LINES);
    expect(long.map(({ file, lines }) => `${file}: ${lines.length} lines`)).toEqual([]);
  });

  it('have words in the cells of their tables, and no paragraphs', () => {
    const cells = documents.flatMap(cellsOf);
    expect(cells.length).toBeGreaterThan(1_000);
    expect(cells.filter(({ cell }) => cell.length > 160)).toEqual([]);
  });

  it('have a list of contents on the first screen where they are longer than two', () => {
    const missing = documents
      .filter(({ lines }) => lines.length > MOST_LINES)
      .flatMap(({ file, text, lines }) => {
        const first = lines.slice(0, 60).join('\n');
        return headingsOf(text, /^#{2} (.*)/)
          .filter((heading) => !first.includes(`](#${anchorOf(heading)})`))
          .map((heading) => `${file}: ${heading}`);
      });
    expect(missing).toEqual([]);
  });

  it('lead to places that are there, where a link names one', () => {
    const links = documents.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\(([^)\s#]*)#([^)\s]+)\)/g)]
        .map(([, target = '', anchor = '']) => ({ file, target, anchor }))
        .filter(({ target }) => !/^https?:/.test(target) && (target === '' || target.endsWith('.md'))),
    );
    expect(links.length).toBeGreaterThan(20);
    const isDead = ({ file, target, anchor }: (typeof links)[number]): boolean => {
      const text = read(target === '' ? file : path.join(path.dirname(file), target));
      return !headingsOf(text, /^#{1,4} (.*)/)
        .map(anchorOf)
        .includes(anchor);
    };
    expect(links.filter(isDead)).toEqual([]);
  });
});

describe('the glossary', () => {
  const glossary = read('GLOSSARY.md');
  const words = [...glossary.matchAll(/^- \*\*([^*]+)\*\*:/gm)].flatMap(([, term = '']) => term.split(', '));

  it('has 25 entries, each once', () => {
    expect(glossary.match(/^- \*\*/gm)).toHaveLength(25);
    expect(words).toHaveLength(new Set(words).size);
  });

  it('is linked from the README of each folder that uses more than one of its own words', () => {
    // The others are everyday words as well: "step", "share", "lost".
    const own = /\b(switch|candidate|subset|canary|preflight|weather|playground|naive|drains?|lag)\b/gi;
    const needed = readmes
      .filter(({ file }) => !/(^|\/)(test|fixtures|files)\/|^scripts\/playground\/./.test(file))
      .filter(({ text }) => new Set(text.toLowerCase().match(own)).size > 1);
    expect(needed.length).toBeGreaterThan(7);
    expect(needed.filter(({ text }) => !/\]\([^)]*GLOSSARY\.md/.test(text)).map(({ file }) => file)).toEqual(
      [],
    );
  });
});
