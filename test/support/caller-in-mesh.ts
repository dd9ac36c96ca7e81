/** A pod in the mesh that orders by the Service's name, through its own sidecar. */
import { messageOf } from '../../scripts/shared/errors.ts';
import { isReady, type KubernetesObject, type Pod } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { waitFor } from '../../scripts/shared/wait.ts';
import type { CoffeeCluster } from './cluster.ts';

const NAME = 'caller';
/** Where a sidecar takes what its pod sends. */
const OUTBOUND_PORT = 15_001;
/** After so many there is no use in going on. */
const MOST_LOST = 100;

/**
 * One order after another while `work` goes on; gives how many were answered, and why each other was lost.
 */
export async function callInMesh(
  { cluster, playground }: CoffeeCluster,
  work: () => Promise<unknown>,
): Promise<{ ok: number; lost: string[] }> {
  const program = "process.on('SIGTERM',()=>process.exit());setInterval(()=>{},1e6)";
  playground.registerImage(NAME, [process.execPath, '-e', program]);
  await cluster.create<KubernetesObject>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, labels: { app: NAME, 'sidecar.istio.io/inject': 'true' } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: NAME, image: `${NAME}:1` }] },
  });
  const ready = async () => {
    const pod = await cluster.get<Pod>(resources.pods, NAME);
    return pod !== undefined && isReady(pod);
  };
  await waitFor(ready, { deadlineMs: 20_000, what: `${NAME} to be ready` });
  const forward = cluster.forward(cluster.namespace, NAME, OUTBOUND_PORT);
  const account = { ok: 0, lost: [] as string[] };
  const order = async () => {
    const headers = { host: 'coffee-shop:8080' };
    const { status } = await forward.request('http://coffee-shop:8080/orders', { method: 'POST', headers });
    return status;
  };
  const over = new AbortController();
  const orderOn = async () => {
    while (!over.signal.aborted && account.lost.length < MOST_LOST) {
      const status = await order().catch((error: unknown) => messageOf(error));
      if (typeof status === 'number' && status < 400) account.ok += 1;
      else account.lost.push(String(status));
    }
  };
  try {
    const isServed = async () => (await order().catch(() => 0)) === 200;
    await waitFor(isServed, { deadlineMs: 20_000, what: 'an order in the mesh' });
    const orders = orderOn();
    try {
      await work();
    } finally {
      over.abort();
      await orders;
    }
    return account;
  } finally {
    forward.close();
  }
}
