import { randomBytes } from 'node:crypto';
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import type { ClusterChoice } from '../../shared/cluster/flags.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { waitFor } from '../../shared/wait.ts';
import type { DemoPlayground, StartPlayground } from '../playground.ts';
import { app } from '../rollout.ts';
import type { Run } from '../scenarios.ts';
import { gatewayAddresses, serviceAddresses } from './addresses.ts';
import { demoLabel, type OnClusterOptions } from './options.ts';
import { verifyCluster } from './verify-cluster.ts';

/** Longer than any pod of the demo may take to end, shorter than a Ctrl-C may take. */
const goneWithinMs = 50_000;

export interface OnCluster {
  /** The cluster, in words. */
  description: string;
  startPlayground: StartPlayground;
}

/**
 * A real cluster as the place of the demo: each run gets a namespace of its own, which is deleted at its end, however that comes.
 * Everything that must be there is looked for first.
 */
export async function placeOnCluster(
  choice: ClusterChoice,
  options: Omit<OnClusterOptions, 'flags'> & {
    runs: Run[];
    signal: AbortSignal;
    say: (line: string) => void;
  },
): Promise<OnCluster> {
  const { runs, gateway, signal, say } = options;
  const cluster = await connectCluster(choice, { fieldManager: 'coffee-shop-demo' });
  try {
    const namespace = choice.namespace ?? freshName();
    const { description, injection, leftovers } = await verifyCluster(cluster, {
      runs,
      namespace,
      gateway,
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

interface NamespaceOptions extends Pick<OnClusterOptions, 'image' | 'gateway'> {
  description: string;
  labels: Record<string, string>;
  signal: AbortSignal;
  say: (line: string) => void;
}

async function openNamespace(
  choice: ClusterChoice,
  { image, gateway, description, labels, signal, say }: NamespaceOptions,
): Promise<DemoPlayground> {
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
    // A name of its own at a gateway that serves others too.
    const host = `${namespace}.example`;
    return {
      kubeconfig: choice.kubeconfigs[0] ?? '',
      choice: own,
      host,
      vars: { hosts: host, ...(image === undefined ? {} : { image }) },
      gatewayUrl: gateway,
      serviceUrl: '',
      isPrepared: true,
      findEntries: async (mesh) => {
        if (!mesh) return serviceAddresses(cluster, app, 8080, signal);
        return gateway === undefined ? gatewayAddresses(cluster, signal) : [gateway];
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

/** Never throws: what is left is said, and the run's own end stays what it was. */
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
