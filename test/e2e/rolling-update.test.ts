import { afterEach, describe, expect, it } from '@jest/globals';
import { resources } from '../../scripts/shared/resources.ts';
import type { Deployment, Pod } from '../../scripts/shared/kubernetes.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { startCoffeeCluster, type CoffeeCluster } from '../support/cluster.ts';

let shop: CoffeeCluster | undefined;

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

async function plainShop(
  pod: 'naive' | 'correct',
  addressing: 'auto' | 'port-per-pod' = 'auto',
): Promise<CoffeeCluster> {
  shop = await startCoffeeCluster({ mesh: 'none', empty: true, addressing, seed: 5 });
  await shop.apply('k8s/cluster.yaml', ['service', pod]);
  await shop.untilServed();
  await untilOnly(shop, 'v1');
  return shop;
}

/** Two ready pods of this version and no other pod. */
async function untilOnly({ cluster }: CoffeeCluster, version: string): Promise<void> {
  await waitFor(
    async () => {
      const pods = await cluster.list<Pod>(resources.pods, { labelSelector: 'app=coffee-shop' });
      return (
        pods.length === 2 &&
        pods.every(
          ({ metadata, status }) =>
            metadata.labels?.['version'] === version &&
            status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
        )
      );
    },
    { deadlineMs: 60_000, what: `two ready pods of ${version} alone` },
  );
}

async function rollTo(cluster: CoffeeCluster, pod: 'naive' | 'correct'): Promise<void> {
  await cluster.apply('k8s/cluster.yaml', [pod], { version: 'v2' });
  await untilOnly(cluster, 'v2');
}

describe('a rolling update in plain Kubernetes', () => {
  it('loses nothing with the correct pod', async () => {
    const cluster = await plainShop('correct');
    const account = await cluster.underLoad(() => rollTo(cluster, 'correct'));
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    const deployment = await cluster.cluster.get<Deployment>(resources.deployments, 'coffee-shop');
    expect(deployment?.status).toMatchObject({ readyReplicas: 2, updatedReplicas: 2 });
  }, 90_000);

  it('loses requests with the naive pod', async () => {
    const cluster = await plainShop('naive');
    const account = await cluster.underLoad(() => rollTo(cluster, 'naive'), { qps: 500, connections: 50 });
    expect(account.lost).toBeGreaterThan(0);
    expect(account.sent).toBe(account.ok + account.lost);
  }, 90_000);

  it('loses nothing where pods have ports of their own instead of addresses', async () => {
    const cluster = await plainShop('correct', 'port-per-pod');
    const account = await cluster.underLoad(() => rollTo(cluster, 'correct'));
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
  }, 90_000);
});
