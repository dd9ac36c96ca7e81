/** An adoption whose process dies after one of its writes, and the run that comes after it. */
import { expect } from '@jest/globals';
import type { SwitchResult } from '../../scripts/switch/index.ts';
import { dyingAfter } from './killed-switch.ts';
import { WAYS, makePlainAgain, plainStanding, type PlainMeshShop } from './plain-mesh-shop.ts';

export const quick = { leaseSeconds: 1, quietMs: 100 };

/** As nobody has touched it. */
export const untouched = {
  routes: [['every-version', undefined]],
  subsets: undefined,
  deployments: [['coffee-shop', false]],
  annotations: {},
};

export const adopted = {
  routes: [['every-version', 'v1']],
  subsets: [{ name: 'v1', labels: { version: 'v1' } }],
  deployments: [['coffee-shop-v1', false]],
  annotations: { 'zero-downtime/virtual-service': WAYS },
};

/**
 * Adopts, killed after each of these writes, and has the next run resume or undo it: every time it is as it
 * was, or adopted, and no request was lost. Ends when an adoption has fewer writes than that. Gives where it
 * was killed.
 */
export async function killAdoptionAfter(
  shop: PlainMeshShop,
  points: Iterable<number>,
  next: 'resume' | 'undo',
): Promise<string[]> {
  const seen: string[] = [];
  for (const last of points) {
    const { cluster, written } = dyingAfter(shop.cluster, last);
    const results: SwitchResult[] = [];
    const account = await shop.underLoad(
      async () => {
        const killed = await shop.adopt({ ...quick, cluster }).catch(() => undefined);
        if (killed?.ok !== true) results.push(await shop.adopt({ ...quick, undo: next === 'undo' }));
      },
      { qps: 50, connections: 10 },
    );
    const point = `${last} ${written.at(-1) ?? ''}`;
    expect({ point, lost: account.lost, why: account.byReason }).toEqual({ point, lost: 0, why: {} });
    const [result] = results;
    if (result === undefined) {
      await makePlainAgain(shop);
      return seen;
    }
    seen.push(point);
    await verifyEnd(shop, { point, next, result });
  }
  return seen;
}

/** Adopted, or as it was, as the run that came last was asked to; then plain again for the next. */
export async function verifyEnd(
  shop: PlainMeshShop,
  { point, next, result }: { point: string; next: 'resume' | 'undo'; result: SwitchResult },
): Promise<void> {
  const standing = await plainStanding(shop);
  const isAdopted = standing.deployments.some(([name]) => name === 'coffee-shop-v1');
  expect({ point, why: result.error, ...standing }).toMatchObject({
    point,
    ...(isAdopted ? adopted : untouched),
  });
  // Past the point of no return an undo finishes instead, and says so.
  const isAsked = isAdopted === (next === 'resume');
  expect({ point, ok: result.ok, why: result.error }).toMatchObject({ point, ok: isAsked });
  if (isAdopted) await makePlainAgain(shop);
}
