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

describe('an adoption that is rolled back', () => {
  it.each([426, 976])('leads nobody to a pod of the copy that is gone (seed %i)', async (seed) => {
    const mutant = findMutant('no proof that every pod is known');
    expect((await simulate(seed, { mutant })).violations).toContainEqual(
      expect.stringMatching(/sent a request to [\d.]+, where no pod is/),
    );
    expect((await simulate(seed)).violations).toEqual([]);
  });

  it.each([22, 657])(
    'waits for what a route holds back before the plain subset goes (seed %i)',
    async (seed) => {
      const { violations, story } = await simulate(seed, { isTold: true });
      expect(story.some((line) => line.includes('Send all traffic to every pod again'))).toBe(true);
      expect(violations).toEqual([]);
    },
  );

  it.each([567])(
    "does not take Istio's own route for the one that it has written (seed %i)",
    async (seed) => {
      const { violations, story } = await simulate(seed, { isTold: true });
      expect(story.some((line) => line.includes('still leads to every version'))).toBe(true);
      expect(violations).toEqual([]);
    },
  );
});

describe('an adoption that continues one which has deleted the plain Deployment', () => {
  it.each([6157])('deletes its autoscaler too (seed %i)', async (seed) => {
    const { violations, story } = await simulate(seed, { isTold: true });
    expect(story.some((line) => line.endsWith('delete HorizontalPodAutoscaler coffee-shop'))).toBe(true);
    expect(violations).toEqual([]);
  });
});

describe('a run with --keep-old that continues one which has deleted the current version', () => {
  it.each([11974])('does not say that it was kept (seed %i)', async (seed) => {
    const { violations, story } = await simulate(seed, { isTold: true });
    expect(story.some((line) => line.includes('v1 was deleted before, so it is not kept'))).toBe(true);
    expect(violations).toEqual([]);
  });
});
