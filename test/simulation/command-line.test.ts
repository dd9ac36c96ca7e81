import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../scripts/shared/errors.ts';
import { parseSimulationArgs } from './command-line.ts';
import { createTally } from './tally.ts';

describe('the command line of the simulation', () => {
  it('tries a thousand seeds from 1 on, on every core, when nothing is said', () => {
    expect(parseSimulationArgs([], 4)).toMatchObject({ from: 1, seeds: 1000, workers: 4, json: false });
  });

  it('takes a number of seeds and the first of them, or one alone', () => {
    expect(parseSimulationArgs(['--seeds', '20', '--from', '7'], 2)).toMatchObject({ from: 7, seeds: 20 });
    expect(parseSimulationArgs(['--seed', '303', '--verbose'], 2)).toMatchObject({
      from: 303,
      seeds: 1,
      verbose: true,
    });
  });

  it.each([
    ['--seeds', '0'],
    ['--seeds', 'many'],
    ['--from', '-1'],
    ['--workers', '1.5'],
    ['--mutant', 'no such thing'],
  ])('refuses %s=%s', (flag, value) => {
    expect(() => parseSimulationArgs([`${flag}=${value}`], 2)).toThrow(UsageError);
  });
});

describe('the sum of many seeds', () => {
  const result = { seed: 3, violations: ['at 1 s: lost', 'at 2 s: lost'], ends: ['switched'] };
  const numbers = { requests: 10, lastedMs: 3_600_000, story: [] };

  it('names each violation with its seed, for programs', () => {
    const tally = createTally(1, 5);
    tally.add({ ...result, ...numbers });
    expect(tally.hasViolations()).toBe(true);
    expect(tally.document(1000)).toMatchObject({
      seeds: 5,
      violations: [
        { seed: 3, what: 'at 1 s: lost' },
        { seed: 3, what: 'at 2 s: lost' },
      ],
      ends: { switched: 1 },
    });
  });

  it('says how to replay the first seed that failed', () => {
    const tally = createTally(1, 5);
    tally.add({ ...result, ...numbers });
    expect(tally.describe(1000)).toMatch(/✗ seed 3 at 1 s: lost \(and 1 more\)[\s\S]*--seed 3 --verbose$/);
  });
});
