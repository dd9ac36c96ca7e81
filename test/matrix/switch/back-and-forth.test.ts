import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { liveVersion, other } from './quick-coffee.ts';

const set = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  // With the delays of a real cluster.
  coffee = await startServingShop(set);
}, 60_000);
afterAll(() => coffee.close());

it('loses nothing in 10 switches back and forth at 500 requests per second', async () => {
  const tookMs: number[] = [];
  const account = await coffee.underLoad(
    async () => {
      for (let round = 0; round < 10; round += 1) {
        const to = other(await liveVersion(coffee));
        const result = await coffee.switchTo(to, { set });
        expect({ round, ok: result.ok, why: result.error }).toEqual({ round, ok: true, why: undefined });
        tookMs.push(result.durationMs);
      }
    },
    { qps: 500, connections: 50, longestMs: 600_000 },
  );
  process.stderr.write(
    `10 switches: ${account.sent} requests, ${account.lost} lost, ${tookMs.join(' ')} ms\n`,
  );
  expect(account).toMatchObject({ lost: 0, byReason: {} });
  expect(account.sent).toBeGreaterThan(10_000);
}, 600_000);
