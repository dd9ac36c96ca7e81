import { describe, expect, it } from '@jest/globals';
import { sumOf } from '../../../services/lifecycle-sidecar/prometheus-text.ts';

describe('the sum of a metric', () => {
  it('is its only sample', () => {
    expect(sumOf('busy', 'busy 3\n')).toBe(3);
  });

  it('adds all label sets, whatever their values contain', () => {
    const text = 'busy{path="/a}b"} 1\nbusy{path="\\"x\\" 9",m="G"} 2 1700000000000\nbusy{} 4\n';
    expect(sumOf('busy', text)).toBe(7);
  });

  it('leaves other metrics alone, also those whose names begin alike', () => {
    expect(sumOf('busy', 'busy_total 5\nbusybody 2\nbusy 1\n# busy 9\n')).toBe(1);
  });

  it('is 0 for a metric that is announced but has no samples yet', () => {
    expect(sumOf('busy', '# HELP busy How busy.\n# TYPE busy gauge\n')).toBe(0);
  });

  it.each([
    '',
    'idle 1\n',
    '# TYPE busy_total counter\n',
    '<html>busy 1</html>',
    'busy NaN\n',
    'busy many\n',
  ])('is not known from %j', (text) => {
    expect(sumOf('busy', text)).toBeUndefined();
  });
});
