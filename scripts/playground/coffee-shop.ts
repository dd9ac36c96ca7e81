/**
 * The coffee-shop in the playground: applied through the kubeconfig,
 * with the templates and tools that a real cluster gets.
 */
import { request } from 'node:http';
import { parseObjects, renderSets } from '../render/index.ts';
import { connectCluster } from '../shared/cluster/cluster.ts';
import { messageOf } from '../shared/errors.ts';
import { waitFor } from '../shared/wait.ts';
import type { Playground } from './playground.ts';

/**
 * Applies version v1, with values of the templates, and waits for the first coffee. Rejects with
 * DeadlineError when there is none within 60 s.
 */
export async function openCoffeeShop(
  playground: Playground,
  root: string,
  signal: AbortSignal,
  vars: Record<string, string> = {},
): Promise<void> {
  const { clusterFile, sets, url } =
    playground.gatewayUrl === undefined
      ? { clusterFile: 'k8s/cluster.yaml', sets: ['service', 'correct'], url: playground.serviceUrl }
      : {
          clusterFile: 'istio/cluster.yaml',
          sets: ['base', 'version', 'subsets', 'route'],
          url: playground.gatewayUrl,
        };
  const cluster = await connectCluster(
    { kubeconfigs: [playground.kubeconfig] },
    { fieldManager: 'coffee-shop' },
  );
  try {
    for (const object of parseObjects(await renderSets(`${root}/${clusterFile}`, { include: sets, vars }))) {
      await cluster.apply(object, { force: true });
    }
  } finally {
    await cluster.close();
  }
  let seen = '';
  await waitFor(
    async () => {
      const status = await ask(`${url}/coffee`).catch((error: unknown) => messageOf(error));
      seen = typeof status === 'number' ? `answered ${status}` : status;
      return status === 200;
    },
    {
      deadlineMs: 60_000,
      what: `the first coffee from ${url}`,
      lastSeen: () => seen,
      intervalMs: 50,
      signal,
    },
  );
}

function ask(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, timeout: 5_000 })
      .once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
      .once('timeout', function (this: { destroy: (error: Error) => void }) {
        this.destroy(new Error('no answer within 5 s'));
      })
      .once('error', reject)
      .end();
  });
}
