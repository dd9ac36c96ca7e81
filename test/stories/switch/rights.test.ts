import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Right } from '../../../scripts/shared/cluster/access.ts';
import { messageOf } from '../../../scripts/shared/errors.ts';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { rightsToDelete, rightsToUndo } from '../../../scripts/switch/preflight/access.ts';
import { readRole, startShopWithRights, type ShopWithRights } from '../../support/least-rights.ts';

let shop: ShopWithRights;
beforeAll(async () => {
  shop = await startShopWithRights({ pod: 'naive', version: 'v2', live: 'v2', subsets: 'v2' });
}, 90_000);
afterAll(() => shop.close());

describe('a way back with the least rights', () => {
  const rights = [...rightsToUndo, ...rightsToDelete];
  const grant = async (granted: Right[]) => {
    for (const file of ['role.yaml', 'cluster-role.yaml']) {
      const rules = granted
        .filter(({ everywhere = false }) => everywhere === (file === 'cluster-role.yaml'))
        .map(({ group = '', resource, subresource, verbs }) => ({
          apiGroups: [group],
          resources: [subresource === undefined ? resource : `${resource}/${subresource}`],
          verbs,
        }));
      await shop.admin.replace({ ...readRole(file), rules });
    }
  };
  const standing = async () => {
    const kinds = [
      resources.virtualServices,
      resources.destinationRules,
      resources.deployments,
      resources.horizontalPodAutoscalers,
      resources.leases,
    ];
    const objects = await Promise.all(kinds.map((kind) => shop.coffee.cluster.list<KubernetesObject>(kind)));
    return objects.flat().map(({ metadata, spec }) => ({ name: metadata.name, spec }));
  };
  const takeBack = () => shop.switchTo('v3', { undo: true });

  it('a way back refuses for each right that is taken away, names it, and has changed nothing', async () => {
    expect(await shop.switchTo('v3', { keepOld: true })).toMatchObject({ ok: true, live: 'v3' });
    const before = await standing();
    const missed: string[] = [];
    for (const right of rights) {
      for (const verb of right.verbs) {
        const left = right.verbs.filter((one) => one !== verb);
        await grant(rights.map((one) => (one === right ? { ...one, verbs: left } : one)));
        const said = await takeBack().then(({ outcome, error }) => `${outcome}: ${error ?? ''}`, messageOf);
        const what = [right.resource, right.subresource].filter(Boolean).join('/');
        const group = right.group === undefined ? '' : `.${right.group}`;
        if (
          !said.includes(`Not allowed: ${verb} ${what}${group} in `) ||
          !said.endsWith('Nothing was changed.')
        )
          missed.push(`without ${verb} ${what}: ${said}`);
      }
    }
    expect(missed).toEqual([]);
    expect(await standing()).toEqual(before);
  }, 120_000);

  it('a way back names all rights that are missing at once, and says who serves', async () => {
    const isWrite = (verb: string) => verb === 'patch' || verb === 'delete';
    await grant(rights.map((one) => ({ ...one, verbs: one.verbs.filter((verb) => !isWrite(verb)) })));
    const { outcome, message } = await takeBack();
    expect(outcome).toBe('stopped');
    expect(message).toBe(
      'Not allowed: patch deployments.apps in default, patch horizontalpodautoscalers.autoscaling in default, ' +
        'patch virtualservices.networking.istio.io in default, patch destinationrules.networking.istio.io in default, ' +
        'delete deployments.apps in default, delete horizontalpodautoscalers.autoscaling in default. Nothing was changed. ' +
        'v3 serves all traffic. Go on with: npm run switch -- --to v3  or roll back with: npm run switch -- --to v3 --undo',
    );
  });

  it('a way back with the least rights does its work', async () => {
    await grant(rights);
    expect(await takeBack()).toMatchObject({ ok: true, outcome: 'undone', live: 'v2' });
    const versions = (await shop.coffee.cluster.list<KubernetesObject>(resources.deployments)).map(
      ({ metadata }) => metadata.name,
    );
    expect(versions).toEqual(['coffee-shop-v2']);
  }, 90_000);
});
