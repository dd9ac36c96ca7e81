import { randomBytes } from 'node:crypto';
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import type { ClusterChoice } from '../../shared/cluster/flags.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { waitFor } from '../../shared/wait.ts';
import type { DemoPlayground, StartPlayground } from '../playground.ts';
import { app } from '../rollout.ts';
import type { Run } from '../scenarios.ts';
import { gatewayAddresses, gatewayInside, serviceAddresses } from './addresses.ts';
import { startLoadInCluster } from './load-in-cluster.ts';
import { defaultToolsImage, demoLabel, type OnClusterOptions } from './options.ts';
import { hasPort, lookAt, withPortOf, type Reach } from './reach.ts';
import { verifyCluster } from './verify-cluster.ts';

/** Longer than any pod of the demo may take to end, shorter than a Ctrl-C may take. */
const goneWithinMs = 50_000;

export interface OnCluster {
  /** The cluster, in words. */
  description: string;
  startPlayground: StartPlayground;
}

/**
 * A real cluster as the demo's environment: each run gets a namespace of its own, which is deleted at its end
 * in any case. Requirements are verified first.
 */
export async function environmentOnCluster(
  choice: ClusterChoice,
  options: Omit<OnClusterOptions, 'flags'> & {
    runs: Run[];
    signal: AbortSignal;
    say: (line: string) => void;
  },
): Promise<OnCluster> {
  const { runs, gateway, address, signal, say } = options;
  const cluster = await connectCluster(choice, { fieldManager: 'coffee-shop-demo' });
  try {
    const namespace = choice.namespace ?? freshName();
    const { description, injection, leftovers } = await verifyCluster(cluster, {
      runs,
      namespace,
      // An address without a port needs that of the gateway's Service.
      gateway: gateway ?? (address !== undefined && hasPort(address) ? address : undefined),
      signal,
    });
    if (leftovers.length > 0)
      say(
        `An earlier demo left ${leftovers.join(', ')}. Delete it: kubectl delete namespace ${leftovers.join(' ')}`,
      );
    return {
      description,
      startPlayground: ({ mesh }) =>
        openNamespace(choice, { ...options, description, labels: mesh ? injection : {} }),
    };
  } finally {
    await cluster.close();
  }
}

const freshName = (): string => `${app}-demo-${randomBytes(3).toString('hex')}`;

interface NamespaceOptions extends Pick<OnClusterOptions, 'image' | 'gateway' | 'address' | 'toolsImage'> {
  description: string;
  labels: Record<string, string>;
  signal: AbortSignal;
  say: (line: string) => void;
}

async function openNamespace(choice: ClusterChoice, options: NamespaceOptions): Promise<DemoPlayground> {
  const { image, gateway, description, labels, signal, say } = options;
  const { toolsImage = defaultToolsImage } = options;
  const namespace = choice.namespace ?? freshName();
  const own = { ...choice, namespace };
  const cluster = await connectCluster(own, { fieldManager: 'coffee-shop-demo' });
  const close = async (): Promise<void> => {
    await deleteNamespace(cluster, namespace, say);
    await cluster.close();
  };
  try {
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { ...labels, [demoLabel.name]: demoLabel.value } },
    });
    // A host name of its own, since the gateway may serve others.
    const host = `${namespace}.example`;
    return {
      kubeconfig: choice.kubeconfigs[0] ?? '',
      choice: own,
      host,
      vars: { hosts: host, ...(image === undefined ? {} : { image }) },
      gatewayUrl: gateway,
      serviceUrl: '',
      isPrepared: true,
      findEntries: (mesh) => findEntries(cluster, { ...options, mesh, host }),
      inside: {
        entry: (mesh) => (mesh ? gatewayInside(cluster, signal) : Promise.resolve(`http://${app}:8080`)),
        startLoad: (load) => startLoadInCluster(cluster, { ...load, image: toolsImage, signal }),
        onUnreachable: (why) =>
          say(
            `Cannot be reached from here: ${why}. The load runs inside the cluster, as a Job (${toolsImage}); or name an address with --address URL.`,
          ),
      },
      describeDelays: () => [`on ${description}; its delays are its own`],
      freeze() {
        throw new CommandError('A proxy of a real cluster cannot be made late from outside.');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The addresses for callers on this machine. Found ones are probed
 * before anything is deployed; a given one is used as it is.
 */
async function findEntries(
  cluster: Cluster,
  { gateway, address, signal, mesh, host }: NamespaceOptions & { mesh: boolean; host: string },
): Promise<{ urls: string[]; isNamed: boolean; closed: Reach[] }> {
  const named = mesh ? (gateway ?? address) : address;
  if (named !== undefined && (named === gateway || hasPort(named)))
    return { urls: [named], isNamed: true, closed: [] };
  const found = await (mesh
    ? gatewayAddresses(cluster, signal)
    : serviceAddresses(cluster, app, 8080, signal));
  if (named !== undefined) return { urls: [withPortOf(named, found)], isNamed: true, closed: [] };
  const seen = await lookAt(found, { host, mesh, signal });
  return {
    urls: seen.filter(({ isUsable }) => isUsable).map(({ url }) => url),
    isNamed: false,
    closed: seen.filter(({ isUsable }) => !isUsable),
  };
}

/** Never throws: leftovers are reported, and the run's result is unchanged. */
async function deleteNamespace(
  cluster: Cluster,
  namespace: string,
  say: (line: string) => void,
): Promise<void> {
  try {
    await cluster.delete(resources.namespaces, namespace);
    await waitFor(async () => (await cluster.get(resources.namespaces, namespace)) === undefined, {
      deadlineMs: goneWithinMs,
      what: `namespace ${namespace} to be gone`,
      intervalMs: 500,
    });
  } catch (error) {
    say(
      `Left behind: namespace ${namespace} (${messageOf(error)}). Look at it: kubectl get namespace ${namespace}`,
    );
  }
}
