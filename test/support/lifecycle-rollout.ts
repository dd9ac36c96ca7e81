/** A rolling update of pods that have the lifecycle sidecar. */
import { expect } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { startCoffeeCluster, type CoffeeCluster } from './cluster.ts';

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

/** What the lifecycle container left in its termination message. */
function flightOf({ status }: Pod): string | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = (status ?? {}) as {
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === 'lifecycle')?.state
    ?.terminated?.message;
}

async function rollTo(started: CoffeeCluster, vars: Record<string, string>): Promise<Map<string, string>> {
  const { cluster } = started;
  const flights = new Map<string, string>();
  const watching = new AbortController();
  const watch = (async () => {
    for await (const { object } of cluster.watch<Pod>(resources.pods, { signal: watching.signal })) {
      const flight = flightOf(object);
      if (flight !== undefined) flights.set(object.metadata.name, flight);
    }
  })().catch((error: unknown) => {
    if (!watching.signal.aborted) throw error;
  });
  await started.apply('k8s/cluster.yaml', ['correct'], { ...vars, version: 'v2' });
  await waitFor(
    async () => {
      const pods = await cluster.list<Pod>(resources.pods);
      return (
        pods.length === 2 &&
        pods.every((pod) => pod.metadata.labels?.['version'] === 'v2' && isReady(pod)) &&
        flights.size === 2
      );
    },
    { deadlineMs: 60_000, what: `two ready pods of v2 alone, and two flight records` },
  );
  watching.abort();
  await watch;
  return flights;
}

/** Expects that it loses nothing, and leaves a flight record per pod. */
export async function expectLosslessRollout(sidecar: 'native' | 'classic', began: unknown): Promise<void> {
  const vars = { lifecycle: 'sidecar', sidecar };
  const shop = await startCoffeeCluster({ mesh: 'none', empty: true, seed: 5 });
  try {
    await shop.apply('k8s/cluster.yaml', ['service', 'correct'], vars);
    await shop.untilServed();
    let flights = new Map<string, string>();
    const account = await shop.underLoad(async () => {
      flights = await rollTo(shop, vars);
    });
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    for (const [pod, flight] of flights)
      expect(JSON.parse(flight)).toMatchObject({
        record: 'flight',
        pod,
        watch: 'lifecycle',
        began,
        outcome: 'quiet',
        cut: { requests: 0, connections: 0 },
        trouble: null,
      });
  } finally {
    await shop.close();
  }
}
