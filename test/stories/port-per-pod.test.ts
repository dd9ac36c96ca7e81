import { describe, expect, it } from '@jest/globals';
import { rollTo, withPlainShop } from '../support/plain-shop.ts';

describe('a rolling update in plain Kubernetes', () => {
  it('loses nothing where pods have ports of their own instead of addresses', async () => {
    await withPlainShop(
      'correct',
      async (shop) => {
        const account = await shop.underLoad(() => rollTo(shop, 'correct'));
        expect(account).toMatchObject({ lost: 0, ok: account.sent });
        expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
      },
      'port-per-pod',
    );
  }, 90_000);
});
