import { randomBytes } from 'node:crypto';
import { loadKubeConfig } from '../../../shared/cluster/config.ts';
import type { ClusterChoice } from '../../../shared/cluster/flags.ts';
import { createTransport } from '../../../shared/cluster/transport.ts';
import { connectCluster } from '../../../shared/cluster/cluster.ts';
import { CommandError } from '../../../shared/errors.ts';
import { waitFor } from '../../../shared/wait.ts';
import { verifyRights, type Right } from '../../../shared/cluster/access.ts';
import { Kit } from './kit.ts';
import { at, list } from './objects.ts';

/** A cluster with a namespace of its own for one run of the suite. */
export interface Target {
  context: string;
  version: string;
  namespace: string;
  hasIstio: boolean;
  kit(id: string, signal: AbortSignal): Kit;
  /** Deletes the namespaces and waits until they are gone. */
  close(): Promise<void>;
}

export interface TargetOptions {
  choice: ClusterChoice;
  image: string;
  node: string;
}

/** How long namespaces may take to go: the longest grace period of the suite's pods, and room. */
const GOING_MS = 120_000;

/**
 * Connects, asks for the rights the suite needs, and makes its namespace.
 * Throws CommandError when rights are missing: then nothing was made.
 */
export async function openTarget({ choice, image, node }: TargetOptions): Promise<Target> {
  const cluster = await connectCluster(choice, { fieldManager: 'conformance' });
  const transport = createTransport(loadKubeConfig(choice), { timeoutMs: 30_000, retryForMs: 10_000 });
  const closeConnections = async (): Promise<void> => {
    await transport.close();
    await cluster.close();
  };
  const run = `conformance-${randomBytes(3).toString('hex')}`;
  const never = new AbortController().signal;
  const kitIn = (namespace: string, mesh: string | undefined, id: string, signal: AbortSignal): Kit =>
    new Kit({ cluster, transport, namespace, meshNamespace: mesh, id, image, node, signal });
  const plain = kitIn(run, undefined, 'none', never);
  try {
    await verifyRights(cluster, RIGHTS);
    const hasIstio = await isThereIstio(plain);
    const namespaces = [run, ...(hasIstio ? [`${run}-mesh`] : [])];
    for (const name of namespaces) {
      const labels = { 'zero-downtime-coffee-shop/conformance': run };
      const injection = { 'istio-injection': name === run ? 'disabled' : 'enabled' };
      const { status, body } = await plain.ask('POST', '/api/v1/namespaces', {
        body: {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name, labels: { ...labels, ...injection } },
        },
      });
      if (status !== 201) throw new CommandError(`create namespace ${name}: ${String(at(body, 'message'))}`);
    }
    return {
      context: cluster.context,
      version: (await cluster.version()).gitVersion,
      namespace: run,
      hasIstio,
      kit: (id, signal) => kitIn(run, hasIstio ? `${run}-mesh` : undefined, id, signal),
      async close() {
        try {
          await remove(plain, run);
        } finally {
          await closeConnections();
        }
      },
    };
  } catch (error) {
    await remove(plain, run).catch(() => undefined);
    await closeConnections();
    throw error;
  }
}

/** Also the namespaces that behaviours made for themselves: they carry the run's label. */
async function remove(kit: Kit, run: string): Promise<void> {
  const query = { labelSelector: `zero-downtime-coffee-shop/conformance=${run}` };
  const left = async (): Promise<string[]> => {
    const { body } = await kit.ask('GET', '/api/v1/namespaces', { query });
    return list(body, 'items').map((one) => String(at(one, 'metadata.name')));
  };
  for (const name of await left()) await kit.ask('DELETE', `/api/v1/namespaces/${name}`);
  let seen: string[] = [];
  await waitFor(
    async () => {
      seen = await left();
      return seen.length === 0;
    },
    { deadlineMs: GOING_MS, what: 'the suite’s namespaces to be gone', lastSeen: () => seen.join(', ') },
  );
}

const RIGHTS: Right[] = [
  { resource: 'namespaces', verbs: ['create', 'delete', 'list'], everywhere: true },
  { resource: 'pods', verbs: ['create', 'delete', 'list'], everywhere: true },
  { resource: 'pods', subresource: 'eviction', verbs: ['create'], everywhere: true },
  { resource: 'pods', subresource: 'portforward', verbs: ['get', 'create'], everywhere: true },
  { resource: 'pods', subresource: 'log', verbs: ['get'], everywhere: true },
  { resource: 'services', verbs: ['create'], everywhere: true },
  { resource: 'configmaps', verbs: ['create', 'patch'], everywhere: true },
  { resource: 'secrets', verbs: ['create'], everywhere: true },
  { resource: 'events', verbs: ['list'], everywhere: true },
  { group: 'apps', resource: 'deployments', verbs: ['create', 'patch', 'delete'], everywhere: true },
  { group: 'apps', resource: 'replicasets', verbs: ['create', 'delete'], everywhere: true },
  { group: 'batch', resource: 'jobs', verbs: ['create', 'delete'], everywhere: true },
  { group: 'policy', resource: 'poddisruptionbudgets', verbs: ['create'], everywhere: true },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['create'], everywhere: true },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'], everywhere: true },
];

/** Its API is served and an istiod runs. */
async function isThereIstio(kit: Kit): Promise<boolean> {
  const { status } = await kit.ask('GET', '/apis/networking.istio.io/v1');
  if (status !== 200) return false;
  const { body } = await kit.ask('GET', '/api/v1/pods', { query: { labelSelector: 'app=istiod' } });
  return list(body, 'items').some((pod) => at(pod, 'status.phase') === 'Running');
}
