import { afterEach, describe, expect, it } from '@jest/globals';
import { resources } from '../../../scripts/shared/resources.ts';
import { startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { believer } from '../../support/believer.ts';

/** The naive pod is gone at SIGTERM: whatever is kept here is kept by the switch alone. */
const values = { routing: 'http-route', pod: 'naive' };

let shop: CoffeeCluster | undefined;

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

describe('the templates rendered with routing: http-route', () => {
  it('are switched under load, with a gateway that is 5 s late, and nothing is lost', async () => {
    const running = (shop = await startServingShop(values, { seed: 12, gatewayApi: true }));
    running.playground.freeze('gateway', { forMs: 5_000 });
    const account = await running.underLoad(async () => {
      const result = await running.switchTo('v2', { set: values });
      expect(result).toMatchObject({ outcome: 'switched', from: 'v1', to: 'v2', live: 'v2', ok: true });
    });
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(account.byVersion['v1']).toBeGreaterThan(0);
    expect(account.byVersion['v2']).toBeGreaterThan(0);
    const route = await running.cluster.get(resources.httpRoutes, 'coffee-shop');
    const backendRefs = [expect.objectContaining({ name: 'coffee-shop-v2' })];
    expect(route?.['spec']).toMatchObject({ rules: [{ name: 'first-release', backendRefs }] });
    expect(await running.cluster.get(resources.services, 'coffee-shop-v1')).toBeUndefined();
    // The values of the end state render what stands there: applied again, they change nothing.
    const services = await running.cluster.get(resources.services, 'coffee-shop-v2');
    const end = { ...values, version: 'v2', live: 'v2', subsets: 'v2' };
    await running.apply('istio/cluster.yaml', ['base', 'subsets', 'route', 'version'], end);
    const again = await running.cluster.get(resources.services, 'coffee-shop-v2');
    expect(again?.['spec']).toEqual(services?.['spec']);
    const routed = await running.cluster.get(resources.httpRoutes, 'coffee-shop');
    expect(routed?.['spec']).toEqual(route?.['spec']);
  }, 90_000);

  it('lose requests with a gateway that is late, when the switch has no proofs', async () => {
    const running = (shop = await startServingShop(values, { seed: 12, gatewayApi: true }));
    running.playground.freeze('gateway');
    const account = await running.underLoad(async () => {
      const result = await running.switchTo('v2', { set: values, prover: believer });
      expect(result.outcome).toBe('switched');
      running.playground.thaw('gateway');
      await running.untilServed();
    });
    expect(account.lost).toBeGreaterThan(0);
  }, 90_000);
});
