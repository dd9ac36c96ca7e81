import { afterEach, describe, expect, it } from '@jest/globals';
import { startCoffeeCluster, type CoffeeCluster } from '../../support/cluster.ts';
import { believer } from '../../support/believer.ts';

/** The naive pod is gone at SIGTERM: whatever is kept here is kept by the switch alone. */
const naive = { set: { pod: 'naive' } };

let shop: CoffeeCluster | undefined;

async function naiveShop(): Promise<CoffeeCluster> {
  shop = await startCoffeeCluster({ empty: true, seed: 11 });
  await shop.apply('istio/cluster.yaml', ['base', 'subsets', 'route']);
  await shop.apply('istio/cluster.yaml', ['version'], { pod: 'naive' });
  await shop.untilServed();
  return shop;
}

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

describe('the version switch under load', () => {
  it('waits for a gateway that is 10 s late, names it, and loses nothing', async () => {
    const running = await naiveShop();
    running.playground.freeze('gateway', { forMs: 10_000 });
    let result: Awaited<ReturnType<typeof running.switchTo>> | undefined;
    const account = await running.underLoad(async () => (result = await running.switchTo('v2', naive)));
    expect(result).toMatchObject({ outcome: 'switched', from: 'v1', to: 'v2', live: 'v2', ok: true });
    expect(result?.said.join('\n')).toContain('istio-ingressgateway');
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(account.byVersion['v1']).toBeGreaterThan(0);
    expect(account.byVersion['v2']).toBeGreaterThan(0);
  }, 90_000);

  it('loses requests with a gateway that is late until it has ended, when its proofs are off', async () => {
    const running = await naiveShop();
    running.playground.freeze('gateway');
    const account = await running.underLoad(async () => {
      const result = await running.switchTo('v2', { ...naive, prover: believer });
      expect(result.outcome).toBe('switched');
      running.playground.thaw('gateway');
      await running.untilServed();
    });
    expect(account.lost).toBeGreaterThan(0);
    expect(account.lost).toBe(account.byStatus['503']);
  }, 90_000);

  it('stops at its deadline when a proxy never answers to the change, names it, and leaves traffic on v1', async () => {
    const running = await naiveShop();
    running.playground.freeze('gateway');
    let result: Awaited<ReturnType<typeof running.switchTo>> | undefined;
    const account = await running.underLoad(
      async () => (result = await running.switchTo('v2', { ...naive, stepTimeoutMs: 6_000 })),
    );
    expect(result).toMatchObject({ ok: false, live: 'v1' });
    expect(result?.error).toContain('istio-ingressgateway');
    expect(account).toMatchObject({ lost: 0, byVersion: { v1: account.sent } });
    expect(result?.message).toMatch(/v1 (still )?serves all traffic/);
  }, 90_000);
});
