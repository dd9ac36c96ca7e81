import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { rollTo, withPlainShop } from '../support/plain-shop.ts';

// Each in a playground of its own, one after the other: the control's load would be the other's weather.
describe('a rolling update in plain Kubernetes', () => {
  it(
    'loses nothing with the correct pod',
    () =>
      withPlainShop('correct', async (shop) => {
        const account = await shop.underLoad(() => rollTo(shop, 'correct'));
        expect(account).toMatchObject({ lost: 0, ok: account.sent });
        expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
        const deployment = await shop.cluster.get<Deployment>(resources.deployments, 'coffee-shop');
        expect(deployment?.status).toMatchObject({ readyReplicas: 2, updatedReplicas: 2 });
      }),
    90_000,
  );

  it(
    'loses requests with the naive pod',
    () =>
      withPlainShop('naive', async (shop) => {
        const account = await shop.underLoad(() => rollTo(shop, 'naive'), { qps: 500, connections: 50 });
        expect(account.lost).toBeGreaterThan(0);
        expect(account.sent).toBe(account.ok + account.lost);
      }),
    90_000,
  );
});
