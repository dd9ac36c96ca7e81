/** What goes wrong late, or while a run is continued: where the traffic is then, and what is left. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DestinationRule, Pod } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { type SwitchResult } from '../../../../scripts/switch/index.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

const set = { pod: 'naive', replicas: '1' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(set, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

const podsOf = async (version: string) => {
  const pods = await coffee.cluster.list<Pod>(resources.pods, { labelSelector: `version=${version}` });
  return pods.map(({ metadata }) => metadata.uid).sort();
};
const subsets = async () => {
  const rule = await coffee.cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  return (rule?.spec.subsets ?? []).map(({ name }) => name).sort();
};
describe('a new version that fails under the traffic it has taken', () => {
  it('a new version that fails under the traffic gives it back to the old one, which still runs', async () => {
    coffee.playground.registerImage('collapsing-shop', [
      process.execPath,
      `${root}/test/support/programs/collapsing-shop.mjs`,
    ]);
    const before = await podsOf('v1');
    let result: SwitchResult | undefined;
    const account = await coffee.underLoad(async () => {
      // Long enough for its probes to fail before anything is taken away.
      result = await coffee.switchTo('v2', { set, image: 'collapsing-shop:1', quietMs: 8000 });
    });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result?.error).toBe('no pod of v2 is ready any more');
    expect(await podsOf('v1')).toEqual(before);
    expect(await subsets()).toEqual(['v1']);
    // What was lost was lost while no pod was ready, and nothing after the way back.
    expect(account.lost).toBeGreaterThan(0);
    expect(account.lost).toBe(account.byStatus['503'] ?? 0);
  }, 90_000);
});
