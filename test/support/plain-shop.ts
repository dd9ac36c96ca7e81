/** The coffee-shop in plain Kubernetes, and a rolling update of it. */
import type { Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import { startCoffeeCluster, type CoffeeCluster } from './cluster.ts';

/** Runs it, and closes what it ran in. */
export async function withPlainShop(
  pod: 'naive' | 'correct',
  work: (shop: CoffeeCluster) => Promise<unknown>,
  addressing: 'auto' | 'port-per-pod' = 'auto',
): Promise<void> {
  const shop = await startCoffeeCluster({ mesh: 'none', empty: true, addressing, seed: 5 });
  try {
    await shop.apply('k8s/cluster.yaml', ['service', pod]);
    await shop.untilServed();
    await untilOnly(shop, 'v1');
    await work(shop);
  } finally {
    await shop.close();
  }
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

/** Updates it to v2; resolves when no other pod is left. */
export async function rollTo(cluster: CoffeeCluster, pod: 'naive' | 'correct'): Promise<void> {
  await cluster.apply('k8s/cluster.yaml', [pod], { version: 'v2' });
  await untilOnly(cluster, 'v2');
}
