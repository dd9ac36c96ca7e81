import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SwitchResult } from '../../../../scripts/switch/index.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop({ pod: 'naive' }, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

describe('a switch in shares', () => {
  it('gathers evidence at each share and loses nothing', async () => {
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await coffee.switchTo('v2', { set: { pod: 'naive' }, canary: [20, 50] });
    });
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    const shares = result?.steps.filter(({ name }) => name.startsWith('canary-'));
    expect(shares?.map(({ name }) => name)).toEqual(['canary-20', 'canary-50']);
    for (const { detail, proxies, requests } of shares ?? []) {
      const [, fresh, old] = /^v2 0 errors of (\d+), v1 0 of (\d+);/.exec(detail) ?? [];
      expect(requests).toBe(Number(fresh) + Number(old));
      expect(detail).toMatch(
        /^v2 0 errors of \d{3,}, v1 0 of \d+; \d+ of \d{3,} slower than \d+ ms, v1 \d+ of \d+$/,
      );
      expect(proxies).toBe(5);
    }
    expect(account).toMatchObject({ lost: 0, byReason: {} });
  }, 60_000);

  it('takes a version back that starts well and then fails, and shows the numbers', async () => {
    coffee.playground.registerImage('failing-shop', [
      process.execPath,
      `${root}/test/support/programs/failing-shop.mjs`,
    ]);
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      result = await coffee.switchTo('v3', {
        set: { pod: 'naive' },
        image: 'failing-shop:1',
        canary: [5, 50],
      });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(result?.error).toMatch(
      /^v3 is worse than v2: v3 (\d+) errors of \1, v2 0 of \d+ \(by chance (less than )?once in \d/,
    );
    expect(result?.steps.map(({ name }) => name)).not.toContain('canary-50');
    // Only the share that was risked was lost, and nothing after the way back.
    expect(account.lost).toBe(account.byStatus['500']);
    expect(account.lost).toBeGreaterThanOrEqual(100);
    expect(account.lost).toBeLessThan(account.sent / 4);
  }, 60_000);
});
