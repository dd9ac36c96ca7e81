import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError, UsageError } from '../../shared/errors.ts';
import { isReady, type KubernetesObject, type Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { neededRights, verifyAccess } from '../../switch/index.ts';
import type { Run } from '../scenarios.ts';
import { gatewayAddresses, howToReachGateway } from './addresses.ts';
import { demoSelector } from './options.ts';
import { rightsFor } from './rights.ts';

/** The result of the checks. */
export interface VerifiedCluster {
  /** In words, for the first line and the report. */
  description: string;
  /** Labels with which this Istio injects sidecars into a namespace's pods. */
  injection: Record<string, string>;
  /** Namespaces that a killed demo left behind. */
  leftovers: string[];
}

/** Read-only. Throws a CommandError that names what is missing, and the way out. */
export async function verifyCluster(
  cluster: Cluster,
  {
    runs,
    namespace,
    gateway,
    signal,
  }: { runs: Run[]; namespace: string; gateway: string | undefined; signal: AbortSignal },
): Promise<VerifiedCluster> {
  const mesh = runs.some(({ scenario }) => scenario.mesh);
  const plain = runs.some(({ scenario }) => !scenario.mesh);
  const switches = runs.some(({ scenario }) => scenario.release === 'switch');
  const findGateway = mesh && gateway === undefined;
  const rights = [...rightsFor({ mesh, plain, findGateway }), ...(switches ? neededRights : [])];
  await verifyAccess(cluster, signal, { rights, ownNamespace: namespace });
  if (await cluster.get(resources.namespaces, namespace, { signal })) {
    throw new UsageError(
      `There is a namespace ${namespace} already. The demo makes one of its own and deletes it afterwards: name another one, or none.`,
    );
  }
  const { gitVersion } = await cluster.version();
  const injection = mesh ? await findIstio(cluster, namespace, signal) : {};
  if (findGateway && (await gatewayAddresses(cluster, signal)).length === 0) {
    throw new CommandError(
      `The ingress gateway of ${cluster.context} has no address that could be reached from here. ${howToReachGateway}. Nothing was changed.`,
    );
  }
  const left = await cluster.list<KubernetesObject>(resources.namespaces, {
    labelSelector: demoSelector,
    signal,
  });
  return {
    description: `${cluster.context} (Kubernetes ${gitVersion} at ${cluster.server})`,
    injection,
    leftovers: left
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name),
  };
}

const howToInstall = 'istioctl install --set profile=default -y';
const wayOut = `Install it (${howToInstall}), or run what needs none: --scenario plain-naive --scenario plain-correct. Nothing was changed.`;

async function findIstio(
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  try {
    await cluster.list(resources.virtualServices, { namespace, signal });
  } catch (error) {
    if (!(error instanceof ClusterError && error.status === 404)) throw error;
    throw new CommandError(
      `${cluster.context} has no Istio (it does not know networking.istio.io/v1). ${wayOut}`,
      { cause: error },
    );
  }
  const podsWith = (labelSelector: string): Promise<Pod[]> =>
    cluster.list<Pod>(resources.pods, { namespace: '*', labelSelector, signal });
  const istiod = (await podsWith('app=istiod')).find(isReady);
  if (!istiod) {
    throw new CommandError(
      `${cluster.context} has no Istio that runs (no ready pod labelled app=istiod). ${wayOut}`,
    );
  }
  if (!(await podsWith('istio=ingressgateway')).some(isReady)) {
    throw new CommandError(
      `${cluster.context} has no ready ingress gateway (a pod labelled istio=ingressgateway). Install one: ${howToInstall}. Nothing was changed.`,
    );
  }
  const revision = istiod.metadata.labels?.['istio.io/rev'] ?? 'default';
  return revision === 'default' ? { 'istio-injection': 'enabled' } : { 'istio.io/rev': revision };
}
