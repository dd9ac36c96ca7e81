/**
 * What the simulation has found in the switch, a seed for each kind. Without
 * its mend, where a mutant takes that away again, the seed shows it.
 */
import { describe, expect, it } from '@jest/globals';
import { findMutant } from './command-line.ts';
import { simulate } from './simulate.ts';

describe('a subset that is removed and added again while its removal is still on its way to a proxy', () => {
  it.each([5793, 6799])('is not taken for the new one (seed %i)', async (seed) => {
    const mutant = findMutant('no barrier');
    expect((await simulate(seed, { mutant })).violations).toContainEqual(
      expect.stringMatching(/routes to v2, which (it does not know|is still warming): 503/),
    );
    expect((await simulate(seed)).violations).toEqual([]);
  });
});

describe('routes that are written again while those between are still on their way to a proxy', () => {
  it.each([5971])('are not taken for the new ones (seed %i)', async (seed) => {
    const mutant = findMutant('no new name of the routes');
    expect((await simulate(seed, { mutant })).violations).toContainEqual(
      expect.stringContaining('routes to v2, which it does not know: 503'),
    );
    expect((await simulate(seed)).violations).toEqual([]);
  });
});

describe('a run with --keep-old that continues one which has deleted the current version', () => {
  it.each([11974])('does not say that it was kept (seed %i)', async (seed) => {
    const { violations, story } = await simulate(seed, { isTold: true });
    expect(story.some((line) => line.includes('v1 was deleted before, so it is not kept'))).toBe(true);
    expect(violations).toEqual([]);
  });
});
