/**
 * Versions, labels, routes and objects as people write them, otherwise
 * than the templates do: each switched on a playground.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseObjects, renderSets } from '../../../scripts/render/index.ts';
import type { Deployment, DestinationRule } from '../../../scripts/shared/kubernetes.ts';
import { messageOf } from '../../../scripts/shared/errors.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import { runSwitch, silentReporter } from '../../../scripts/switch/index.ts';
import type { Autoscaler } from '../../../scripts/switch/changes/autoscaler.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { RECOMMENDED, changedTemplates, withRecommendedLabel } from '../../support/changed-templates.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

const naive = { pod: 'naive', replicas: '1' };
let coffee: CoffeeCluster;
let folder: string;
let recommended: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'as-people-write-it-'));
  recommended = withRecommendedLabel(path.join(folder, 'recommended'));
  coffee = await startServingShop(naive, { clusterFile: recommended, delays: quickDelays });
}, 60_000);
afterAll(async () => {
  await coffee.close();
  rmSync(folder, { recursive: true, force: true });
});

const quick = { set: { pod: 'naive' }, quietMs: 200 };
const served = async () => (await fetch(coffee.ordersUrl, { method: 'POST' })).headers.get('x-version');
const subsets = async () =>
  (await coffee.cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop'))?.spec.subsets;
const podLabels = async (name: string) =>
  (await coffee.cluster.get<Deployment>(resources.deployments, name))?.spec.template.metadata?.labels;

describe('versions told apart by the recommended label', () => {
  it('pods are given the recommended label where the template has another one', async () => {
    const result = await coffee.switchTo('v3', quick);
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v3' });
    expect(await podLabels('coffee-shop-v3')).toMatchObject({ version: 'v3', [RECOMMENDED]: 'v3' });
    expect(await subsets()).toEqual([{ name: 'v3', labels: { [RECOMMENDED]: 'v3' } }]);
    expect(await served()).toBe('v3');
  }, 60_000);
});

describe('a version whose name is a number for YAML', () => {
  it.each(['1e3', '20261130', 'null'])(
    'a version whose name YAML takes for something else (%s) is switched to like any other',
    async (version) => {
      const result = await coffee.switchTo(version, quick);
      expect(result).toMatchObject({ ok: true, outcome: 'switched', live: version });
      expect(await podLabels(`coffee-shop-${version}`)).toMatchObject({ version });
      expect(await served()).toBe(version);
    },
    60_000,
  );
});

describe('pods that a rule of the namespace refuses', () => {
  it('pods that a rule of the namespace refuses are told in its words before anything is deleted', async () => {
    const { cluster } = coffee;
    const limits = {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'small', namespace: 'default' },
    };
    const created = await cluster.create({
      ...limits,
      spec: { limits: [{ type: 'Container', max: { memory: '20Mi' } }] },
    });
    const heard: string[] = [];
    const reporter = {
      ...silentReporter,
      stepStarted: (_title: string, name: string) => void heard.push(name),
      stepFailed: (detail: string) => void heard.push(`failed: ${detail}`),
      note: (text: string) => void heard.push(text),
    };
    const clusterFile = path.join(root, 'istio/cluster.yaml');
    const result = await runSwitch(
      { cluster, app: 'coffee-shop', to: 'v4', clusterFile, ...quick },
      reporter,
    );
    await cluster.delete(await cluster.resourceOf(limits), created.metadata.name);
    expect(result).toMatchObject({ ok: false, outcome: 'undone' });
    const words = /maximum memory usage per Container is 20Mi/;
    const told = heard.findIndex((text) => text.startsWith('A pod is not created: ') && words.test(text));
    const failed = heard.findIndex(
      (text) => text.startsWith('failed: 0/1 pods ready after') && words.test(text),
    );
    expect(told).toBeGreaterThan(heard.indexOf('deploy-version'));
    expect(failed).toBeGreaterThan(told);
    expect(heard.indexOf('undo-deploy-version')).toBeGreaterThan(failed);
    expect(result.error).toMatch(words);
  }, 60_000);
});

describe('a candidate that is there and paused', () => {
  it('a paused candidate is refused before anything is changed, with the command that resumes it', async () => {
    const { cluster } = coffee;
    const rendered = await renderSets(recommended, {
      include: ['version'],
      vars: { ...naive, version: 'v5' },
    });
    const [deployment] = parseObjects(rendered) as [Deployment];
    await cluster.apply({ ...deployment, spec: { ...deployment.spec, paused: true } });
    const result = await coffee.switchTo('v5', { quietMs: 200 });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped' });
    expect(result.error).toContain(
      'Deployment coffee-shop-v5 is paused and will not roll out: kubectl rollout resume deployment/coffee-shop-v5',
    );
    await cluster.patch(resources.deployments, 'coffee-shop-v5', { spec: { paused: false } });
    expect(await coffee.switchTo('v5', { quietMs: 200 })).toMatchObject({ ok: true, live: 'v5' });
  }, 60_000);
});

describe('routes and subsets under other names', () => {
  it('routes and subsets under other names are named with the command that has the switch use them, and no second ones are asked for', async () => {
    const { cluster } = coffee;
    const renamed = async (resource: Resource, name: string) => {
      const found = await cluster.get(resource, 'coffee-shop');
      await cluster.delete(resource, 'coffee-shop');
      await cluster.create({ ...found, metadata: { name, namespace: 'default' } });
    };
    await renamed(resources.virtualServices, 'team-routes');
    await renamed(resources.destinationRules, 'team-rule');
    const refused = await coffee.switchTo('v6', quick).then(
      () => '',
      (error: unknown) => messageOf(error),
    );
    expect(refused).toContain('VirtualService team-routes routes coffee-shop.default.svc.cluster.local');
    expect(refused).not.toMatch(/apply the sets/i);
    const pairs = /service coffee-shop (.*)$/.exec(refused)?.[1]?.split(' ') ?? [];
    const annotations = Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
    await cluster.patch(resources.services, 'coffee-shop', { metadata: { annotations } });
    const result = await coffee.switchTo('v6', quick);
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v6' });
    expect(await served()).toBe('v6');
    expect((await readStatus(cluster, 'coffee-shop')).live).toEqual([{ version: 'v6', weight: 100 }]);
  }, 60_000);
});

describe('Deployments under names of their own', () => {
  it('Deployments under names of their own are meant by a dry run as by the run', async () => {
    const { cluster } = coffee;
    const renamed = (text: string) => text.replaceAll('print .app "-" .version', 'print "blend-" .version');
    const clusterFile = changedTemplates(path.join(folder, 'blends'), renamed, [
      'version/deployment.tpl.yaml',
    ]);
    const [from = ''] = (await readStatus(cluster, 'coffee-shop')).live.map(({ version }) => version);
    await cluster.patch(resources.deployments, `coffee-shop-${from}`, { spec: { replicas: 2 } });
    await cluster.create<Autoscaler>({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'by-load', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `coffee-shop-${from}` },
        minReplicas: 1,
        maxReplicas: 5,
      },
    });
    const { plan = [] } = await coffee.switchTo('v7', { ...quick, clusterFile, dryRun: true });
    const heads = (name: string) =>
      plan
        .find((step) => step.name === name)
        ?.changes.filter((line) => /^(- )?(Deployment|HorizontalPodAutoscaler) /.test(line));
    expect(heads('deploy-version')).toEqual(['Deployment blend-v7', 'HorizontalPodAutoscaler blend-v7']);
    expect(heads('drain-old')).toEqual(['HorizontalPodAutoscaler blend-v7']);
    expect(heads('delete-old')).toEqual([
      `- Deployment coffee-shop-${from} (2 pods)`,
      '- HorizontalPodAutoscaler by-load',
    ]);
    expect(await coffee.switchTo('v7', { ...quick, clusterFile })).toMatchObject({ ok: true, live: 'v7' });
    const left = await cluster.list<Autoscaler>(resources.horizontalPodAutoscalers);
    expect(left.map(({ metadata, spec }) => [metadata.name, spec.minReplicas])).toEqual([['blend-v7', 1]]);
  }, 60_000);
});
