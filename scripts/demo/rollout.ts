import type { Cluster } from '../shared/cluster/cluster.ts';
import { isReady, type Deployment, type Pod } from '../shared/kubernetes.ts';
import { resources } from '../shared/resources.ts';
import { waitFor } from '../shared/wait.ts';
import { releaseDeadlineMs } from './settings.ts';

export const app = 'coffee-shop';

/** Every pod of the app, terminating ones included. */
export function listPods(cluster: Cluster, version?: string): Promise<Pod[]> {
  const labelSelector = version === undefined ? `app=${app}` : `app=${app},version=${version}`;
  return cluster.list<Pod>(resources.pods, { labelSelector });
}

/**
 * As `kubectl rollout status`: this very revision is what runs, and all of it is ready.
 * @param verify throws as soon as waiting cannot help
 */
export async function waitUntilRolledOut(
  cluster: Cluster,
  name: string,
  signal: AbortSignal,
  verify: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let seen = 'not seen yet';
  await waitFor(
    async () => {
      const deployment = await cluster.get<Deployment>(resources.deployments, name, { signal });
      if (!deployment) return false;
      const { metadata, spec, status = {} } = deployment;
      const wanted = spec.replicas ?? 1;
      seen = `${status.updatedReplicas ?? 0}/${wanted} updated, ${status.availableReplicas ?? 0} available`;
      const isDone =
        (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
        status.updatedReplicas === wanted &&
        status.replicas === wanted &&
        status.availableReplicas === wanted;
      if (!isDone) await verify();
      return isDone;
    },
    { deadlineMs: releaseDeadlineMs, what: `${name} to be rolled out`, lastSeen: () => seen, signal },
  );
}

/** No pod of this version is left, terminating ones included, and those of the other one are ready. */
export async function waitUntilOnly(cluster: Cluster, version: string, signal: AbortSignal): Promise<void> {
  let seen = '';
  await waitFor(
    async () => {
      const pods = await listPods(cluster);
      seen = pods
        .map(({ metadata }) => `${metadata.name} ${metadata.deletionTimestamp ? 'ending' : 'runs'}`)
        .join(', ');
      return (
        pods.length > 0 && pods.every((pod) => pod.metadata.labels?.['version'] === version && isReady(pod))
      );
    },
    {
      deadlineMs: releaseDeadlineMs,
      what: `${version} to be the only version`,
      lastSeen: () => seen,
      signal,
    },
  );
}
