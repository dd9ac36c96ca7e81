/** Once a switch is over it owns no field any more: whoever has the files applies them without a conflict. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { connectCluster, type Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { endAfterAll } from '../../support/end-after-all.ts';
import { applyAs, authorsValues, filesOf, ownedBySwitch } from '../../support/field-owners.ts';

let coffee: CoffeeCluster;
let own: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  coffee = await startServingShop(authorsValues, { sets: ['autoscaler'], delays: quickDelays });
  atEnd(() => coffee.close());
  const choice = { kubeconfigs: [coffee.playground.kubeconfig] };
  own = await connectCluster(choice, { fieldManager: 'zero-downtime-switch' });
  atEnd(() => own.close());
  expect(await switchTo('v2')).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
}, 60_000);

const switchTo = (version: string, more: object = {}) =>
  coffee.switchTo(version, { cluster: own, set: { pod: 'naive' }, quietMs: 200, ...more });

describe('a switch that is over', () => {
  it('a switch that was undone, on request or after a failure, owns nothing', async () => {
    expect(await switchTo('v3', { keepOld: true })).toMatchObject({ ok: true, live: 'v3' });
    expect(await ownedBySwitch(coffee)).toEqual([]);
    expect(await switchTo('v3', { undo: true })).toMatchObject({ ok: true, outcome: 'undone', live: 'v2' });
    expect(await ownedBySwitch(coffee)).toEqual([]);
    const failed = await switchTo('v4', { image: 'no-such-thing:9', stepTimeoutMs: 2000 });
    expect(failed).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(await ownedBySwitch(coffee)).toEqual([]);
    expect(await applyAs('gitops', coffee, await filesOf('v2', { marker: 'again', maxReplicas: '8' }))).toBe(
      '',
    );
  }, 120_000);

  it('a switch keeps what it left for a look, and gives that up when its next try is over', async () => {
    const failed = await switchTo('v5', { image: 'no-such-thing:9', stepTimeoutMs: 2000, keepFailed: true });
    expect(failed).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(await ownedBySwitch(coffee)).toEqual(['coffee-shop-v5', 'coffee-shop-v5']);
    expect(await switchTo('v5')).toMatchObject({ ok: true, live: 'v5' });
    expect(await ownedBySwitch(coffee)).toEqual([]);
  }, 90_000);
});
