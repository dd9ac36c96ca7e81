import { describe, expect, it } from '@jest/globals';
import { findMutant } from './command-line.ts';
import { simulate } from './simulate.ts';

describe('the real switch in a simulated cluster', () => {
  it('tells the same story twice from the same seed, and another one from another', async () => {
    const once = await simulate(7, { isTold: true });
    const twice = await simulate(7, { isTold: true });
    const other = await simulate(8, { isTold: true });
    expect(once.story.length).toBeGreaterThan(20);
    expect(twice).toEqual(once);
    expect(other.story).not.toEqual(once.story);
  });

  it('tells no story, and the same report, when nobody reads it', async () => {
    const { story: told, ...report } = await simulate(9, { isTold: true });
    const { story, ...silent } = await simulate(9);
    expect(told.length).toBeGreaterThan(0);
    expect(story).toEqual([]);
    expect(silent).toEqual(report);
  });

  it('holds in the first 60 worlds, in which switches are finished, rolled back, killed and stopped', async () => {
    const ends = new Set<string>();
    const violations: string[] = [];
    for (let seed = 1; seed <= 60; seed += 1) {
      const report = await simulate(seed);
      for (const end of report.ends) ends.add(end);
      violations.push(...report.violations.map((what) => `seed ${seed} ${what}`));
    }
    expect(violations).toEqual([]);
    expect([...ends]).toEqual(
      expect.arrayContaining(['switched', 'undone', 'killed', 'stopped', 'already-there']),
    );
  }, 240_000);

  it('loses requests without any proof: so it can tell', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const { violations } = await simulate(seed, { mutant: findMutant('no proof at all') });
      if (violations.some((what) => /503|ended under a request/.test(what))) lost += 1;
    }
    expect(lost).toBeGreaterThan(5);
  });
});
