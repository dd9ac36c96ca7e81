/**
 * The old version changes while it is being replaced: its autoscaler
 * moves, its pods are evicted. Its pods drain.
 */
import { CoreV1Api, KubeConfig, V1Eviction, V1ObjectMeta } from '@kubernetes/client-node';
import { describe, expect, it } from '@jest/globals';
import {
  isReady,
  type Deployment,
  type KubernetesObject,
  type Pod,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { useWeather } from './weather.ts';

const weather = useWeather();
const correct = { set: { pod: 'correct', replicas: '1' } };

const readyPods = async (version: string) =>
  (await weather.coffee.cluster.list<Pod>(resources.pods, { labelSelector: `version=${version}` })).filter(
    isReady,
  );
const until = (count: number, version: string) =>
  waitFor(async () => (await readyPods(version)).length === count, {
    deadlineMs: 20_000,
    what: `${count} ready pods of ${version}`,
  });

/** Evicts a pod as `kubectl drain` does. */
async function evict(name: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(weather.coffee.playground.kubeconfig);
  const body = new V1Eviction();
  body.apiVersion = 'policy/v1';
  body.kind = 'Eviction';
  body.metadata = new V1ObjectMeta();
  body.metadata.name = name;
  await config.makeApiClient(CoreV1Api).createNamespacedPodEviction({ name, namespace: 'default', body });
}

describe('the old version, with pods that drain', () => {
  it('is scaled up by its autoscaler in the middle: the pods born meanwhile are proven too', async () => {
    // First onto pods that drain; the switch after it is the one that is looked at.
    await weather.expectSwitched(await weather.switchWhile({}, correct));
    [weather.from, weather.to] = [weather.to, weather.from];
    const { coffee, from } = weather;
    const name = `coffee-shop-${from}`;
    await coffee.cluster.create<KubernetesObject>({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: 1,
        maxReplicas: 5,
      },
    });
    const told = await weather.switchWhile(
      {
        'add-subset': async () => {
          coffee.playground.freeze('gateway', { forMs: 3000 });
          await coffee.cluster.patch(resources.horizontalPodAutoscalers, name, { spec: { minReplicas: 3 } });
          await until(3, from);
        },
      },
      correct,
    );
    await weather.expectSwitched(told);
    expect(told.result.proxies).toBeGreaterThanOrEqual(4);
    // The old one's went with it; the new one has its own, with the minimum its author meant.
    const left = await coffee.cluster.list<KubernetesObject & { spec: { minReplicas: number } }>(
      resources.horizontalPodAutoscalers,
    );
    expect(left.map(({ metadata, spec }) => [metadata.name, spec.minReplicas])).toEqual([
      [`coffee-shop-${weather.to}`, 1],
    ]);
  });

  it('is scaled down by its autoscaler in the middle: the pods that end meanwhile are waited for no longer', async () => {
    const { coffee, from } = weather;
    const name = `coffee-shop-${from}`;
    await coffee.cluster.patch(resources.horizontalPodAutoscalers, name, { spec: { minReplicas: 3 } });
    await until(3, from);
    const told = await weather.switchWhile(
      {
        'add-subset': async () => {
          coffee.playground.freeze('gateway', { forMs: 3000 });
          await coffee.cluster.patch(resources.horizontalPodAutoscalers, name, {
            spec: { minReplicas: 1, maxReplicas: 2 },
          });
        },
      },
      correct,
    );
    await weather.expectSwitched(told);
    // The size it had when the new one was deployed.
    const [fresh] = await coffee.cluster.list<Deployment>(resources.deployments);
    expect(fresh?.spec.replicas).toBe(3);
    await coffee.cluster.delete(resources.horizontalPodAutoscalers, `coffee-shop-${weather.to}`);
  });

  it.each(['add-subset', 'shift-traffic', 'drain-old'])('loses a pod to an eviction in %s', async (step) => {
    const { coffee, from } = weather;
    await coffee.cluster.patch(resources.deployments, `coffee-shop-${from}`, { spec: { replicas: 2 } });
    await until(2, from);
    const told = await weather.switchWhile(
      {
        [step]: async () => {
          const [victim] = await readyPods(from);
          await evict(victim?.metadata.name ?? '');
        },
      },
      correct,
    );
    await weather.expectSwitched(told);
  });
});
