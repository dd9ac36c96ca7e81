import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { FLOOR_ANNOTATION } from '../../../../scripts/switch/changes/autoscaler.ts';
import { runSwitch, silentReporter } from '../../../../scripts/switch/index.ts';
import { autoscalersIn } from '../../../support/autoscalers.ts';
import { root, quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';

const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop({ ...naive, replicas: '1' }, { sets: ['autoscaler'], delays: quickDelays });
  // As if there had been much to do.
  await coffee.cluster.patch(resources.deployments, 'coffee-shop-v1', { spec: { replicas: 2 } });
}, 60_000);
afterAll(() => coffee.close());

const autoscalers = () => autoscalersIn(coffee);

describe('a version with an autoscaler', () => {
  it('a dry run shows the autoscaler’s copy, and everything keeps its revision', async () => {
    const { cluster } = coffee;
    const kinds = [
      resources.horizontalPodAutoscalers,
      resources.deployments,
      resources.virtualServices,
      resources.destinationRules,
      resources.services,
      resources.leases,
    ];
    const revisions = async () => {
      const objects = await Promise.all(kinds.map((resource) => cluster.list(resource)));
      return objects.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`);
    };
    await waitFor(
      async () => {
        const found = await cluster.get<Deployment>(resources.deployments, 'coffee-shop-v1');
        return found?.status?.availableReplicas === 2;
      },
      { deadlineMs: 20_000, what: 'both pods to be available' },
    );
    const before = await revisions();
    const { plan = [] } = await coffee.switchTo('v2', { set: naive, dryRun: true });
    expect(await revisions()).toEqual(before);
    const made = plan.find(({ name }) => name === 'deploy-version')?.changes ?? [];
    expect(made).toContain('HorizontalPodAutoscaler coffee-shop-v2');
    expect(made).toContain('+   minReplicas: 2');
    expect(plan.find(({ name }) => name === 'drain-old')?.changes).toEqual([
      'HorizontalPodAutoscaler coffee-shop-v2',
      '- metadata:',
      '-   annotations:',
      `-     ${FLOOR_ANNOTATION}: "1"`,
      '  spec:',
      '-   minReplicas: 2',
      '+   minReplicas: 1',
    ]);
    const gone = plan.find(({ name }) => name === 'delete-old')?.changes;
    expect(gone).toEqual([
      '- Deployment coffee-shop-v1 (2 pods)',
      '- HorizontalPodAutoscaler coffee-shop-v1',
    ]);
  });

  it('the new version comes with a copy of the autoscaler that keeps the present size until the traffic has moved, and goes with its own', async () => {
    const seen: Record<string, Awaited<ReturnType<typeof autoscalers>>> = {};
    const looks: Promise<unknown>[] = [];
    const reporter = {
      ...silentReporter,
      stepStarted: (_title: string, name: string) => {
        if (name === 'add-subset') looks.push(autoscalers().then((found) => (seen[name] = found)));
      },
    };
    const { cluster } = coffee;
    const clusterFile = `${root}/istio/cluster.yaml`;
    const result = await runSwitch(
      { cluster, app: 'coffee-shop', to: 'v2', clusterFile, set: naive },
      reporter,
    );
    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    await Promise.all(looks);
    expect(seen['add-subset']).toEqual([
      { name: 'coffee-shop-v1', scales: 'coffee-shop-v1', min: 1, authors: undefined },
      { name: 'coffee-shop-v2', scales: 'coffee-shop-v2', min: 2, authors: '1' },
    ]);
    expect(await autoscalers()).toEqual([
      { name: 'coffee-shop-v2', scales: 'coffee-shop-v2', min: 1, authors: undefined },
    ]);
    const deployment = await cluster.get<Deployment>(resources.deployments, 'coffee-shop-v2');
    expect(deployment?.spec.replicas).toBe(2);
  }, 60_000);
});
