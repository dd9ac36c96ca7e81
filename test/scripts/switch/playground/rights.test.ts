import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messageOf } from '../../../../scripts/shared/errors.ts';
import type { KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { readRole, startShopWithRights, type ShopWithRights } from '../../../support/least-rights.ts';

let shop: ShopWithRights;
beforeAll(async () => {
  shop = await startShopWithRights({ pod: 'naive' });
}, 90_000);
afterAll(() => shop.close());

describe('a switch with the least rights', () => {
  it('a switch refuses for each right that is taken away, names it, and has changed nothing', async () => {
    const missed: string[] = [];
    for (const file of ['role.yaml', 'cluster-role.yaml']) {
      const whole = readRole(file);
      for (const [index, { resources: names, verbs, apiGroups }] of whole.rules.entries()) {
        for (const verb of verbs) {
          const rules = whole.rules.map((rule, at) =>
            at === index ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule,
          );
          await shop.admin.replace({ ...whole, rules });
          const said = await shop
            .switchTo('v2')
            .then(({ outcome, error }) => `${outcome}: ${error ?? ''}`, messageOf);
          const group = apiGroups[0] ? `.${apiGroups[0]}` : '';
          const named = names.every((name) => said.includes(`${verb} ${name}${group} in `));
          if (!named || !said.endsWith('Nothing was changed.'))
            missed.push(`without ${verb} ${names.join()}: ${said}`);
        }
      }
      await shop.admin.replace(whole);
    }
    expect(missed).toEqual([]);
    expect(await shop.coffee.cluster.get(resources.leases, 'switch-coffee-shop')).toBeUndefined();
  }, 120_000);

  it('a switch with the least rights does its work, and tells it in Events', async () => {
    expect(await shop.switchTo('v2')).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    const events = await shop.coffee.cluster.list<KubernetesObject>(resources.events);
    const ours = events.filter((event) => event['reportingComponent'] === 'zero-downtime-switch');
    expect(ours.map((event) => (event['involvedObject'] as { kind: string }).kind).sort()).toEqual([
      'Deployment',
      'DestinationRule',
      'DestinationRule',
      'VirtualService',
      'VirtualService',
      'VirtualService',
      // Their own names again.
      'VirtualService',
    ]);
  }, 90_000);
});
