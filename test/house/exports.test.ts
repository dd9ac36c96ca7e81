import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const sources = ['scripts', 'services', 'test'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|cjs|mjs|js)$/.test(name))
    .map((name) => ({
      file: path.join(folder, name),
      text: readFileSync(path.join(root, folder, name), 'utf8'),
    })),
);

/** How often each word stands anywhere: what shared code exports may be for scripts/playground alone. */
const mentions = new Map<string, number>();
for (const { text } of sources)
  for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) mentions.set(word, (mentions.get(word) ?? 0) + 1);

const exported = sources
  .filter(({ file }) => !/^(scripts.playground.)?test/.test(file))
  .flatMap(({ file, text }) =>
    [...text.matchAll(/^export (?:async )?(?:function\*?|const|class|let|interface|type) ([\w$]+)/gm)].map(
      ([, name = '']) => ({ file, name }),
    ),
  );

describe('what a file exports', () => {
  it('is used somewhere, be it in the file itself', () => {
    expect(exported.length).toBeGreaterThan(500);
    expect(exported.filter(({ name }) => mentions.get(name) === 1)).toEqual([]);
  });

  it('is its own: what comes from elsewhere is handed on by index files and by lists of parts alone', () => {
    const handsOn = sources.filter(({ file, text }) => {
      const isFront = /(^|\/)(index|parts|characters)\.ts$/.test(file.replaceAll(path.sep, '/'));
      if (isFront || /^(scripts.playground.)?test/.test(file)) return false;
      const names = [...text.matchAll(/^export \{([^}]*)\};/gm)].flatMap(([, list = '']) => list.split(','));
      return names.some((name) => new RegExp(`^import [^;]*\\b${name.trim()}\\b[^;]* from`, 'm').test(text));
    });
    expect(handsOn.map(({ file }) => file)).toEqual([]);
  });
});
