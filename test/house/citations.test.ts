import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const filesUnder = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
const kept = ['.ci', 'scripts', 'services', 'k8s', 'istio', 'test'].flatMap(filesUnder);
const texts = [...kept, ...readdirSync(root).filter((name) => /\.(md|js|json)$/.test(name))]
  .filter((file) => /\.(ts|cjs|mjs|js|md|yaml|sh|css)$|^\.ci\/|Containerfile$/.test(file))
  .filter((file) => !file.startsWith('test/house/') && file !== 'package-lock.json')
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));

/** Where a pattern with `*` may match anything but a slash. */
const isKept = (pattern: string): boolean => {
  const matcher = new RegExp(`(^|/)${pattern.replace(/[.+]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
  return kept.some((file) => matcher.test(file));
};
const found = (pattern: RegExp): string[] =>
  texts.flatMap(({ file, text }) => [...text.matchAll(pattern)].map(([what]) => `${file}: ${what}`));

describe('what comments, tests and READMEs refer to', () => {
  it('is no document that only those who built this have read', () => {
    expect(
      found(/\b(INTERFACE|DESIGN)\b|\bfacts\/[\w.-]+|\bshared\/(facts|cases|fixtures|faults)\b/g),
    ).toEqual([]);
    expect(found(/\bfacts? "[A-Z]|\(issue \d+\)|\bsection \d+ of the design\b/gi)).toEqual([]);
  });

  // Most recordings are those of scripts/playground.
  it('is a recording that is kept here', () => {
    const cited = texts.flatMap(({ file, text }) =>
      [...text.matchAll(/\bfixtures\/[\w./*-]*\.(?:json|md|txt|yaml)\b/g)].map(([what]) => ({ file, what })),
    );
    expect(cited.length).toBeGreaterThan(10);
    expect(cited.filter(({ what }) => !isKept(what))).toEqual([]);
  });

  it('is a file that is kept here, where a comment names one', () => {
    const comments = texts
      .filter(({ file }) => file.endsWith('.ts'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/^\s*(?:\/\/|\/?\*).*$/gm)].map(([line]) => ({ file, line })),
      );
    const cited = comments.flatMap(({ file, line }) =>
      [...line.replace(/https?:\/\/\S+/g, '').matchAll(/(?<![\w/.-])[a-z][\w.-]*\.(?:json|md|txt)\b/g)].map(
        ([what]) => ({ file, what }),
      ),
    );
    /** What commands write, and what belongs to others. */
    const elsewhere = ['report.json', 'report.md', 'kubeconfig.json', 'default.json', 'package.json'];
    expect(
      cited.filter(
        ({ what }) => !elsewhere.includes(what) && !isKept(what) && !existsSync(path.join(root, what)),
      ),
    ).toEqual([]);
  });
});
