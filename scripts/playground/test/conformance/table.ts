import type { Chapter } from './behaviour.ts';

const HEAD = ['behaviour', 'real (source)', 'playground'];

/** The tables of BEHAVIOURS.md: one per chapter, a row per behaviour. */
export function renderTables(chapters: readonly Chapter[]): string {
  return chapters
    .map(({ title, behaviours }) =>
      [
        `### ${title}`,
        '',
        `| ${HEAD.join(' | ')} |`,
        `| ${HEAD.map(() => '---').join(' | ')} |`,
        ...behaviours.map(
          ({ name, source, difference }) =>
            `| ${name} | ${source} | ${difference === undefined ? 'the same' : `the same; ${difference}`} |`,
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

/** The rows of a document, whatever the width of their columns. */
export function rowsOf(markdown: string): string[] {
  return markdown
    .split('\n')
    .filter((line) => /^(\||### )/.test(line) && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) => line.replace(/\s+/g, ' ').trim());
}
