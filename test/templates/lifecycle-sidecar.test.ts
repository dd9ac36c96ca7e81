import { afterEach, describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { type CoffeeCluster, startCoffeeCluster } from '../support/cluster.ts';

let shop: CoffeeCluster | undefined;

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

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

async function rollTo(started: CoffeeCluster, set: string): Promise<Map<string, string>> {
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
  await started.apply('k8s/cluster.yaml', [set], { version: 'v2' });
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

describe.each(['lifecycle-native', 'lifecycle-classic'])('a rolling update of k8s/%s', (set) => {
  it('loses nothing, and leaves a flight record per pod', async () => {
    const started = await startCoffeeCluster({ mesh: 'none', empty: true, seed: 5 });
    shop = started;
    await started.apply('k8s/cluster.yaml', ['service', set]);
    await started.untilServed();
    let flights = new Map<string, string>();
    const account = await started.underLoad(async () => {
      flights = await rollTo(started, set);
    });
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    for (const [pod, flight] of flights)
      expect(JSON.parse(flight)).toMatchObject({
        record: 'flight',
        pod,
        watch: 'lifecycle',
        // An ordinary container gets SIGTERM while the hook begins; which of the two it sees first is chance.
        began: set === 'lifecycle-native' ? 'preStop' : expect.stringMatching(/^(preStop|SIGTERM)$/),
        outcome: 'quiet',
        cut: { requests: 0, connections: 0 },
        trouble: null,
      });
  }, 120_000);
});
