import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { killAfter, settings } from '../../support/killed-switch.ts';

let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(settings.set, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

/** Every second number. */
const everySecond = (first: number) => Array.from({ length: 15 }, (_, index) => first + 2 * index);

// Taking turns: each write is followed by one of the two.
// test/matrix/switch/kill.test.ts kills after reads and proofs too.
const turns = [
  { next: 'resume', first: 1 },
  { next: 'undo', first: 2 },
] as const;

describe.each(turns)('a switch killed after every second of its writes, then $next', ({ next, first }) => {
  it('ends with one version and nothing left over, and loses nothing', async () => {
    let seen: string[] = [];
    const account = await coffee.underLoad(
      async () => {
        seen = await killAfter(coffee, everySecond(first), next);
      },
      { qps: 50, connections: 10 },
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(seen.length).toBeGreaterThanOrEqual(4);
  }, 180_000);
});
