import { describe, expect, it } from '@jest/globals';
import { formatDuration, parseDuration } from '../../../scripts/shared/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['12s', 12_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['0', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '12', 's', '12 s', '-1s', '1s2', '1d', '1.s', 'abc'])(
    'refuses "%s" and says what is wanted',
    (text) => {
      expect(() => parseDuration(text, '--lag')).toThrow(
        `--lag must be a duration such as 500ms, 12s or 2m, got "${text}".`,
      );
    },
  );

  it('refuses what no timer can wait for', () => {
    expect(parseDuration('596h')).toBe(2_145_600_000);
    expect(() => parseDuration('597h', '--lag')).toThrow('--lag must be at most 24 days (596h), got "597h".');
  });
});

describe('formatDuration', () => {
  it.each([
    [87.4, '87 ms'],
    [999.7, '1 s'],
    [1000, '1 s'],
    [1234, '1.2 s'],
    [12_345, '12 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
  ])('says %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
