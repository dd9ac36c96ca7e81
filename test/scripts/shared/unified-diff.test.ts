import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { unifiedDiff } from '../../../scripts/shared/unified-diff.ts';

it('is nothing where nothing differs, and shows three lines around each change', () => {
  expect(unifiedDiff('a', 'x\n', 'x\n')).toBe('');
  const lines = (text: string) => text.split('').join('\n');
  expect(unifiedDiff('f/a.yaml', `${lines('abcdefghijklmnop')}\n`, lines('abXdefghijklmnoP'))).toBe(
    [
      '--- a/f/a.yaml',
      '+++ b/f/a.yaml',
      '@@ -1,6 +1,6 @@',
      ...[' a', ' b', '-c', '+X', ' d', ' e', ' f'],
      '@@ -13,4 +13,4 @@',
      ...[' m', ' n', ' o', '-p', '+P', '\\ No newline at end of file', ''],
    ].join('\n'),
  );
});

it('is taken by git for any two texts', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'unified-diff-'));
  try {
    const text = fc.array(fc.constantFrom('a', 'b', 'c: 1', '', ' x'), { maxLength: 14 });
    const ends = fc.constantFrom('', '\n');
    fc.assert(
      fc.property(text, text, ends, ends, (one, other, oneEnd, otherEnd) => {
        const [before, after] = [one.join('\n') + oneEnd, other.join('\n') + otherEnd];
        fc.pre(before !== after && before !== '' && after !== '');
        writeFileSync(path.join(folder, 'file'), before);
        execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
          cwd: folder,
          input: unifiedDiff('file', before, after),
        });
        expect(readFileSync(path.join(folder, 'file'), 'utf8')).toBe(after);
      }),
      { numRuns: 40 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
