/** Objects of add-ons, which not every cluster has. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isOutOfReach } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';

/** Empty where the cluster has no such kind, or does not let us look. */
export async function listIfThere<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource,
  signal?: AbortSignal,
): Promise<T[]> {
  try {
    return await cluster.list<T>(resource, { signal });
  } catch (error) {
    if (isOutOfReach(error)) return [];
    throw error;
  }
}
