/** A plain Deployment is made a version: under load, killed, and beside what people do without it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isReady, type KubernetesObject, type Pod } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { describeClusterFile } from '../../../../scripts/switch/adopt/describe-cluster-file.ts';
import type { SwitchResult } from '../../../../scripts/switch/index.ts';
import { quickDelays } from '../../../support/cluster.ts';
import { adopted, killAdoptionAfter, untouched } from '../../../support/killed-adoption.ts';
import {
  OWN_NAME,
  makePlainAgain,
  plainStanding,
  startPlainMeshShop,
  type PlainMeshShop,
} from '../../../support/plain-mesh-shop.ts';

describe('a plain Deployment whose pods exit at SIGTERM', () => {
  let shop: PlainMeshShop;
  beforeAll(async () => {
    shop = await startPlainMeshShop('naive');
  }, 60_000);
  afterAll(() => shop.close());

  const stored = async () => {
    const kinds = [resources.virtualServices, resources.destinationRules, resources.deployments];
    const others = [resources.services, resources.leases];
    const all = await Promise.all(
      [...kinds, ...others].map((kind) => shop.cluster.list<KubernetesObject>(kind)),
    );
    // All but what a controller counts meanwhile.
    return all.flat().map(({ metadata: { name, generation, annotations }, spec }) => ({
      name,
      generation,
      annotations,
      spec,
    }));
  };

  it('is shown what would be made of it, object by object, and is not touched by that', async () => {
    const before = await stored();
    const { plan = [], ...planned } = await shop.adopt({ dryRun: true });
    expect(planned).toMatchObject({ ok: true, outcome: 'planned', live: 'plain' });
    expect(planned.message).toBe('Nothing was changed. To do it: npm run switch -- adopt --as v1');
    const changes = Object.fromEntries(plan.map(({ name, changes: lines }) => [name, lines]));
    expect(Object.keys(changes).slice(0, 4)).toEqual([
      'pause-rollouts',
      'add-plain-subset',
      'route-to-plain',
      'deploy-version',
    ]);
    expect(changes['pause-rollouts']).toContain('+   paused: true');
    expect(changes['add-plain-subset']).toContain('+     - name: plain');
    expect(changes['route-to-plain']).toContain('+         subset: plain');
    expect(changes['deploy-version']).toContain('+   name: coffee-shop-v1');
    expect(changes['delete-old']).toEqual(['- Deployment coffee-shop (2 pods)']);
    expect(plan.every(({ proof }) => proof !== '')).toBe(true);
    expect(await stored()).toEqual(before);
  });

  it('is a version without a lost request, which is switched like any other', async () => {
    let first: SwitchResult | undefined;
    let second: SwitchResult | undefined;
    const account = await shop.underLoad(async () => {
      first = await shop.adopt();
      expect(await plainStanding(shop)).toEqual(adopted);
      second = await shop.switchTo('v2', { set: { pod: 'naive' } });
    });
    expect(first).toMatchObject({ ok: true, outcome: 'switched', from: 'plain', to: 'v1', live: 'v1' });
    expect(first?.message).toMatch(
      /^v1 serves all traffic, .* The next release: npm run switch -- --to VERSION$/,
    );
    expect(second).toMatchObject({ ok: true, outcome: 'switched', from: 'v1', live: 'v2' });
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(Object.keys(account.byVersion).sort()).toEqual([OWN_NAME, 'v2']);
    expect(await shop.adopt({ to: 'v2' })).toMatchObject({ ok: true, outcome: 'already-there', steps: [] });
    expect(await shop.adopt({ to: 'v9' })).toMatchObject({ ok: false, outcome: 'stopped' });
  }, 90_000);

  it('is described by a cluster file: the values that the templates need', async () => {
    const text = await describeClusterFile(shop.cluster, {
      app: 'coffee-shop',
      to: 'v2',
      outcome: 'switched',
    });
    expect(text).toBe(
      [
        '# coffee-shop as it runs now. What else its Deployment has (environment, probes, volumes) belongs into the template of the set "version".',
        '# Its VirtualService is named shop-ways: give the template that name, or there will be two.',
        'global:',
        '  app: coffee-shop',
        '  image: coffee-shop:1.0.0',
        '  version: v2',
        '  replicas: 2',
        'include:',
        '  - name: version',
        '  - name: subsets',
        '    values:',
        '      subsets: v2',
        '  - name: route',
        '    values:',
        '      hosts: coffee-shop.example,127.0.0.1',
        '      live: v2',
        '      marker: every-version',
      ].join('\n'),
    );
  });

  it('loses requests the usual way, by a rolling update to a template with the label', async () => {
    await shop.cluster.delete(resources.deployments, 'coffee-shop-v2');
    await makePlainAgain(shop);
    const { template } = shop.deployment.spec;
    const labels = { ...template.metadata?.labels, version: 'v1' };
    const account = await shop.underLoad(async () => {
      await shop.cluster.patch(resources.deployments, 'coffee-shop', {
        spec: { template: { metadata: { labels } } },
      });
      await waitFor(
        async () => {
          const all = await shop.cluster.list<Pod>(resources.pods, { labelSelector: 'app=coffee-shop' });
          return (
            all.length === 2 && all.every((pod) => pod.metadata.labels?.['version'] === 'v1' && isReady(pod))
          );
        },
        { deadlineMs: 60_000, what: 'the rolling update' },
      );
    });
    expect(account.lost).toBeGreaterThan(0);
  }, 90_000);
});

// One write each: test/stories/switch kills after every one.
describe('an adoption killed in the middle', () => {
  let shop: PlainMeshShop;
  beforeAll(async () => {
    shop = await startPlainMeshShop('naive', { replicas: 1, delays: quickDelays });
  }, 60_000);
  afterAll(() => shop.close());

  it('is rolled back to the plain Deployment by the next run, or resumed, and loses nothing', async () => {
    expect(await killAdoptionAfter(shop, [7], 'undo')).toHaveLength(1);
    expect(await plainStanding(shop)).toEqual(untouched);
    expect(await killAdoptionAfter(shop, [9], 'resume')).toHaveLength(1);
  }, 90_000);
});
