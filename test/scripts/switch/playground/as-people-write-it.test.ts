/**
 * Versions, labels, routes and objects as people write them, otherwise
 * than the templates do: each switched on a playground.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DestinationRule } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { readStatus } from '../../../../scripts/switch/command/status.ts';
import { RECOMMENDED, withRecommendedLabel } from '../../../support/changed-templates.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

const naive = { pod: 'naive', replicas: '1' };
let coffee: CoffeeCluster;
let folder: string;
let clusterFile: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'as-people-write-it-'));
  clusterFile = withRecommendedLabel(folder);
  coffee = await startServingShop(naive, { clusterFile, delays: quickDelays });
}, 60_000);
afterAll(async () => {
  await coffee.close();
  rmSync(folder, { recursive: true, force: true });
});

const quick = { set: { pod: 'naive' }, quietMs: 200 };
const served = async () => (await fetch(coffee.ordersUrl, { method: 'POST' })).headers.get('x-version');
const subsets = async () =>
  (await coffee.cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop'))?.spec.subsets;
describe('versions told apart by the recommended label', () => {
  it('versions told apart by the recommended label are switched, shown and told by it, as by the label of the templates', async () => {
    const { plan = [], ...planned } = await coffee.switchTo('v2', { ...quick, clusterFile, dryRun: true });
    expect(planned).toMatchObject({ ok: true, outcome: 'planned' });
    expect(plan.find(({ name }) => name === 'add-subset')?.changes).toContain(`+     ${RECOMMENDED}: v2`);

    const result = await coffee.switchTo('v2', { ...quick, clusterFile, keepOld: true });
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    expect(await served()).toBe('v2');
    expect(await readStatus(coffee.cluster, 'coffee-shop')).toMatchObject({
      versions: [
        { version: 'v1', share: 0, subset: 'v1', ready: 1, replicas: 1 },
        { version: 'v2', share: 100, subset: 'v2', ready: 1, replicas: 1 },
      ],
    });
    expect(await coffee.switchTo('v2', { ...quick, clusterFile, undo: true })).toMatchObject({
      ok: true,
      outcome: 'undone',
      live: 'v1',
    });
    expect(await subsets()).toEqual([{ name: 'v1', labels: { [RECOMMENDED]: 'v1' } }]);
    expect(await coffee.cluster.get(resources.deployments, 'coffee-shop-v2')).toBeUndefined();
  }, 90_000);
});
