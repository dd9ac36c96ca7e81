import { describe, expect, it } from '@jest/globals';
import { simulate } from '../../simulation/simulate.ts';
import { mutants } from '../../simulation/mutants/mutants.ts';
import type { Mutant } from '../../simulation/mutants/mutant.ts';

/** So many seeds may pass unnoticed, at most. */
const WITHIN = 1000;

/** The first seed that shows a violation, and what it shows. */
async function firstFound(mutant: Mutant): Promise<string | undefined> {
  const { from = 1 } = mutant;
  for (let seed = from; seed < from + WITHIN; seed += 1) {
    const { violations } = await simulate(seed, { mutant });
    if (violations.length > 0) return `seed ${seed}: ${violations.join('; ')}`;
  }
  return undefined;
}

describe('what is taken away from the switch', () => {
  it.each(mutants)(
    'is found within a thousand seeds: $name',
    async (mutant) => {
      expect(await firstFound(mutant)).toMatch(/^seed \d+: at /);
    },
    240_000,
  );
});
