/** A plain Deployment made a version: with a correct pod, without any routes, and killed after each write. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resources } from '../../../scripts/shared/resources.ts';
import type { VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { quickDelays } from '../../support/cluster.ts';
import { killAdoptionAfter, untouched } from '../../support/killed-adoption.ts';
import { callInMesh } from '../../support/caller-in-mesh.ts';
import { plainStanding, startPlainMeshShop, type PlainMeshShop } from '../../support/plain-mesh-shop.ts';

async function within(
  shop: Promise<PlainMeshShop>,
  work: (shop: PlainMeshShop) => Promise<void>,
): Promise<void> {
  const started = await shop;
  try {
    await work(started);
  } finally {
    await started.close();
  }
}

describe('a plain Deployment', () => {
  it('whose pods drain is adopted without a lost request', async () => {
    await within(startPlainMeshShop('correct'), async (shop) => {
      const account = await shop.underLoad(async () => {
        expect(await shop.adopt()).toMatchObject({ ok: true, live: 'v1' });
      });
      expect(account).toMatchObject({ lost: 0, byReason: {} });
    });
  }, 120_000);

  it('without any routes is adopted, and rolled back, without a caller in the mesh that notices', async () => {
    await within(startPlainMeshShop('naive', { routes: false }), async (shop) => {
      const { ok, lost } = await callInMesh(shop, async () => {
        expect(await shop.adoptUntil('delete-old')).toMatchObject({ outcome: 'stopped', live: 'v1' });
        const back = await shop.adopt({ undo: true });
        expect(back).toMatchObject({ ok: true, outcome: 'undone', live: 'plain' });
        expect(await plainStanding(shop)).toEqual({ ...untouched, routes: undefined });
        expect(await shop.cluster.list(resources.virtualServices)).toEqual([]);
        expect(await shop.adopt()).toMatchObject({ ok: true, outcome: 'switched', live: 'v1' });
        const routes = await shop.cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop');
        expect(routes?.spec).toEqual({
          hosts: ['coffee-shop'],
          http: [
            {
              name: 'first-release',
              route: [{ destination: { host: 'coffee-shop', port: { number: 8080 }, subset: 'v1' } }],
            },
          ],
        });
      });
      expect(lost).toEqual([]);
      expect(ok).toBeGreaterThan(20);
    });
  }, 120_000);
});

describe('an adoption killed after every fourth of its writes (test/matrix has the others)', () => {
  let shop: PlainMeshShop;
  beforeAll(async () => {
    shop = await startPlainMeshShop('naive', { replicas: 1, delays: quickDelays });
  }, 60_000);
  afterAll(() => shop.close());

  it.each(['undo', 'resume'] as const)(
    'leaves all as it was or the version alone, and loses nothing: %s',
    async (next) => {
      const points = Array.from({ length: 15 }, (_, index) => 4 * index + (next === 'undo' ? 1 : 3));
      const seen = await killAdoptionAfter(shop, points, next);
      expect(seen.length).toBeGreaterThan(3);
      expect(seen.length).toBeLessThan(points.length);
    },
    600_000,
  );
});
