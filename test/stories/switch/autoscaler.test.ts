import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InterruptedError } from '../../../scripts/shared/errors.ts';
import type { Deployment, KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Autoscaler } from '../../../scripts/switch/changes/autoscaler.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { autoscalersIn } from '../../support/autoscalers.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

const naive = { pod: 'naive' };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(
    { ...naive, replicas: '1', version: 'v2', live: 'v2', subsets: 'v2' },
    { sets: ['autoscaler'], delays: quickDelays },
  );
  // As if there had been much to do.
  await coffee.cluster.patch(resources.deployments, 'coffee-shop-v2', { spec: { replicas: 2 } });
}, 60_000);
afterAll(() => coffee.close());

const autoscalers = () => autoscalersIn(coffee);

describe('a version with an autoscaler', () => {
  it('a switch that is taken back leaves no autoscaler behind', async () => {
    const before = await autoscalers();
    const result = await coffee.switchTo('v3', { set: naive, image: 'no-such-thing:9', stepTimeoutMs: 2000 });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(await autoscalers()).toEqual(before);
  }, 60_000);

  it('the switch tells of an autoscaler that is too small, and the new version takes over with what that allows', async () => {
    const { cluster } = coffee;
    await cluster.create<Autoscaler>({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'small', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'coffee-shop-v3' },
        minReplicas: 1,
        maxReplicas: 1,
      },
    });
    const result = await coffee.switchTo('v3', { set: naive });
    expect(result).toMatchObject({ ok: true, live: 'v3' });
    expect(result.steps[0]?.notes).toContain(
      'v3 is to have 2 pods, HorizontalPodAutoscaler small allows 1: v3 takes over with 1',
    );
    const deployment = await cluster.get<Deployment>(resources.deployments, 'coffee-shop-v3');
    expect(deployment?.spec.replicas).toBe(1);
  }, 60_000);

  it('a version keeps its autoscaler as long as it stands: whoever serves has one, wherever a run ended', async () => {
    const { cluster } = coffee;
    const stop = new AbortController();
    const dying: typeof cluster = {
      ...cluster,
      async delete(...args) {
        await cluster.delete(...args);
        stop.abort(new InterruptedError('SIGINT'));
      },
    };
    const first = await coffee.switchTo('v4', { set: naive, cluster: dying, signal: stop.signal });
    expect(first).toMatchObject({ ok: false, outcome: 'stopped', live: 'v4' });
    await coffee.switchTo('v4', { set: naive, undo: true });
    const left = (await readStatus(cluster, 'coffee-shop')).live.map(
      ({ version }) => `coffee-shop-${version}`,
    );
    expect((await autoscalers()).map(({ name }) => name)).toEqual(left);
  }, 60_000);

  it('an autoscaler is not taken from its owner: neither copied, held nor deleted, and preflight says whose it is', async () => {
    const { cluster } = coffee;
    const [live] = (await readStatus(cluster, 'coffee-shop')).live;
    const from = live?.version ?? '';
    for (const { name } of await autoscalers())
      await cluster.delete(resources.horizontalPodAutoscalers, name);
    // Stands for a ScaledObject: the garbage collector asks for an owner that exists.
    const owner = await cluster.create<KubernetesObject>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'scale-it', namespace: 'default' },
    });
    await cluster.create<Autoscaler>({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: 'keda-hpa-scale-it',
        namespace: 'default',
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: 'scale-it',
            uid: owner.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `coffee-shop-${from}` },
        minReplicas: 1,
        maxReplicas: 9,
      },
    });
    const before = await cluster.get(resources.horizontalPodAutoscalers, 'keda-hpa-scale-it');
    const { plan = [] } = await coffee.switchTo('v9', { set: naive, dryRun: true });
    expect(
      plan.flatMap(({ changes }) => changes).filter((line) => /HorizontalPodAutoscaler/.test(line)),
    ).toEqual([]);
    const result = await coffee.switchTo('v9', { set: naive });
    expect(result).toMatchObject({ ok: true, live: 'v9' });
    expect(result.steps[0]?.notes).toContainEqual(
      expect.stringContaining(
        `HorizontalPodAutoscaler keda-hpa-scale-it, which scales ${from}, belongs to ConfigMap scale-it: the switch neither copies, holds nor deletes it.`,
      ),
    );
    expect((await autoscalers()).map(({ name }) => name)).toEqual(['keda-hpa-scale-it']);
    const after = await cluster.get(resources.horizontalPodAutoscalers, 'keda-hpa-scale-it');
    expect(after?.['spec']).toEqual(before?.['spec']);
    expect(after?.metadata.annotations).toEqual(before?.metadata.annotations);
  }, 60_000);
});
