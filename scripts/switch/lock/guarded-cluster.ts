/** A cluster that writes only while this run holds the operator lease. */
import type { Cluster, WriteOptions } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';

/** Writes that change nothing a switch acts on: access reviews and Events. */
const UNGUARDED = new Set(['SelfSubjectAccessReview', 'Event']);

/**
 * The same cluster, but each write and each retry renews the Lease first. A process that was suspended
 * (SIGSTOP, a closed laptop) does not notice it. Another run may have finished or rolled back its switch
 * meanwhile, and a resourceVersion does not show that where an object is unchanged.
 * @param renew throws when another run has taken the Lease
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
