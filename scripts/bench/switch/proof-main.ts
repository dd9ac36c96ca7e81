/**
 * One proof of every proxy as a process of its own, so that the memory
 * it takes is its own: prints what it took as JSON.
 */
import { connectCluster } from '../../shared/cluster/cluster.ts';
import type { DestinationRule, VirtualService } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { createMesh, createProver, createVirtualServiceRouting } from '../../switch/index.ts';

export interface ProofTook {
  ms: number;
  /** Resident memory at its highest, and how much of that came with the proofs, in MB. */
  resident: number;
  grew: number;
}

const [kubeconfig = '', proxies = ''] = process.argv.slice(2);
const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'bench' });

async function prove(): Promise<number> {
  const mesh = createMesh(cluster);
  const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  if (rule === undefined) throw new Error('the fake mesh has no DestinationRule');
  const host = 'coffee-shop.default.svc.cluster.local';
  const virtualService = { metadata: { name: 'coffee-shop' }, spec: {} } as VirtualService;
  const objects = { virtualService, roots: [], destinationRule: rule };
  const routing = createVirtualServiceRouting(objects, { host, namespace: 'default' });
  const started = performance.now();
  const proof = await createProver(mesh).endpoints(
    {
      host,
      version: 'v1',
      question: routing.reachable('v1'),
      pods: () => Promise.resolve({ addresses: new Set(['10.1.1.1', '10.1.1.2']), problem: undefined }),
    },
    { deadlineMs: 120_000 },
  );
  const ms = performance.now() - started;
  mesh.close();
  if (proof.proxies !== Number(proxies)) throw new Error(`${proof.proxies} of ${proxies} proxies proven`);
  return ms;
}

const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
// Once unmeasured, or the start of a fresh process would be taken for the time of few proxies.
await prove();
const ms = await prove();
clearInterval(watch);
const took: ProofTook = { ms, resident: most / 2 ** 20, grew: (most - before) / 2 ** 20 };
process.stdout.write(`${JSON.stringify(took)}\n`);
await cluster.close();
