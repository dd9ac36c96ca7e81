/** Once a switch is over it owns no field any more: whoever has the files applies them without a conflict. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';
import { applyAs, authorsValues, filesOf, ownedBySwitch } from '../../../support/field-owners.ts';

let coffee: CoffeeCluster;
let own: Cluster;
const atEnd = endAfterAll();
beforeAll(async () => {
  coffee = await startServingShop(authorsValues, { sets: ['autoscaler'], delays: quickDelays });
  atEnd(() => coffee.close());
  const choice = { kubeconfigs: [coffee.playground.kubeconfig] };
  own = await connectCluster(choice, { fieldManager: 'zero-downtime-switch' });
  atEnd(() => own.close());
}, 60_000);

const switchTo = (version: string, more: object = {}) =>
  coffee.switchTo(version, { cluster: own, set: { pod: 'naive' }, quietMs: 200, ...more });

describe('a switch that is over', () => {
  it('a switch that is over owns nothing, and other files of another manager apply without force', async () => {
    expect(await switchTo('v2')).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    expect(await ownedBySwitch(coffee)).toEqual([]);
    // Other values than the switch wrote: the marker, an image, a size.
    const files = await filesOf('v2', { marker: 'from-git', image: 'coffee-shop:1.0.0', maxReplicas: '7' });
    expect(await applyAs('gitops', coffee, files)).toBe('');
    expect(await ownedBySwitch(coffee)).toEqual([]);
  }, 90_000);
});
