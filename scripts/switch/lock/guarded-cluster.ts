/** A cluster to which only the one operator writes. */
import type { Cluster, WriteOptions } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';

/** Writes that change nothing a switch acts on: access reviews and Events. */
const UNGUARDED = new Set(['SelfSubjectAccessReview', 'Event']);

/**
 * The same cluster, each write of which renews the lock first, retries too. A process that stood still
 * (SIGSTOP, a closed laptop) does not know for how long: somebody else may have finished or rolled back its
 * switch meanwhile, and no resourceVersion tells where an object is as it was before.
 * @param renew throws when somebody else is the operator by now
 */
export function guardWrites(cluster: Cluster, renew: () => Promise<void>): Cluster {
  const first = async ({ dryRun }: WriteOptions) => {
    if (dryRun !== true) await renew();
  };
  return {
    ...cluster,
    async create<T extends KubernetesObject>(object: T, options: WriteOptions = {}) {
      if (!UNGUARDED.has(object.kind ?? '')) await first(options);
      return cluster.create(object, options);
    },
    async replace<T extends KubernetesObject>(object: T, options: WriteOptions = {}) {
      await first(options);
      return cluster.replace(object, options);
    },
    async patch(resource, name, patch, options = {}) {
      await first(options);
      return cluster.patch(resource, name, patch, options);
    },
    async apply<T extends KubernetesObject>(object: T, options: WriteOptions & { force?: boolean } = {}) {
      await first(options);
      return cluster.apply(object, options);
    },
    async delete(resource, name, options = {}) {
      await first(options);
      return cluster.delete(resource, name, options);
    },
  };
}
