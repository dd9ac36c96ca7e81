import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import {
  printable,
  printableJson,
  printableLines,
  printableMessage,
} from '../../../scripts/shared/printable.ts';
import { invisible, hostile } from '../../support/hostile.ts';

describe('a text from outside, made printable', () => {
  it('stays as it is when every character of it shows', () => {
    for (const text of ['', 'v2 serves all traffic', 'größer als 5 % – ✓ 中文 😀', '\\u001b is text already'])
      expect(printable(text)).toBe(text);
  });

  it.each([
    ['a colour', '\x1b[31mred', '\\u001b[31mred'],
    ['a window title', '\x1b]0;mine\x07', '\\u001b]0;mine\\u0007'],
    ['C1 instead of ESC', '\x9b2J', '\\u009b2J'],
    ['backspace and DEL', 'v1\b\x7f', 'v1\\u0008\\u007f'],
    ['another direction of writing', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['what has no width', 'v\u200b1\ufeff', 'v\\u200b1\\ufeff'],
    ['a tag beyond the basic plane', 'v1\u{e0041}', 'v1\\u{e0041}'],
    ['half a pair', 'x\ud83dy\ude00', 'x\\ud83dy\\ude00'],
  ])('shows %s as its escape', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('folds lines, whatever breaks them', () => {
    for (const breaks of ['\n', '\r\n', '\r', '\v', '\f', '\x85', '\u2028', '\u2029', '\n\n  \t'])
      expect(printable(`no such pod${breaks}✓ all is well`)).toBe('no such pod ✓ all is well');
    expect(printable('a\tb')).toBe('a b');
  });

  it('is cut at a length, never within a character, and says how much more there was', () => {
    expect(printable('x'.repeat(5_000))).toBe(`${'x'.repeat(4_000)}… (1,000 more characters)`);
    expect(printable('ab😀cd', 3)).toBe('ab… (4 more characters)');
  });

  it('has nothing in it that a terminal could obey, whatever came', () => {
    const any = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(
        fc.oneof(any, fc.constantFrom(...hostile)),
        fc.integer({ min: 1, max: 400 }),
        (text, longest) => {
          const line = printable(text, longest);
          expect(line).not.toMatch(invisible);
          expect(line).not.toContain('\n');
          expect(printableLines(text)).not.toMatch(invisible);
          expect(printableMessage(text)).not.toMatch(invisible);
        },
      ),
    );
  });

  it('keeps the lines of a diff in a message, and no others', () => {
    const message = 'was changed:\n     http:\n   - subset: v1\n   + subset: v2';
    expect(printableMessage(message)).toBe(message);
    expect(printableMessage('was changed:\n ✓ Delete v1\n✓\n   ✓')).toBe('was changed: ✓ Delete v1 ✓ ✓');
    expect(printableMessage('x\n   + y'.repeat(300)).split('\n').at(-1)).toBe('   … (101 more lines)');
  });
});

describe('JSON for a program that a person may look at', () => {
  it('is the same value, with nothing in it that a terminal could obey', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostile));
    fc.assert(
      fc.property(fc.dictionary(texts, texts), fc.constantFrom(undefined, 2), (value, space) => {
        const text = printableJson(value, undefined, space);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(invisible);
      }),
    );
  });
});
