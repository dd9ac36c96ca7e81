/** How many pods of a version are ready, and whether they are enough. */
import { isReady } from '../../shared/kubernetes.ts';
import type { ReadyPods } from '../proofs/prover.ts';
import type { SwitchContext } from '../context.ts';
import { findVersion, listVersionPods, listVersions } from './versions.ts';

type Context = Pick<SwitchContext, 'cluster' | 'service' | 'lastSeen'>;

/**
 * Counts the ready pods of a version.
 * @param enoughFor as many as this version has are enough. Default: all.
 */
export async function readyPods(
  { cluster, service, lastSeen }: Context,
  version: string,
  { enoughFor }: { enoughFor?: string } = {},
): Promise<ReadyPods> {
  const [deployments, pods] = await Promise.all([
    listVersions(cluster, { service, lastSeen }),
    listVersionPods(cluster, { service, lastSeen }, version),
  ]);
  const sizeOf = (name: string) => findVersion(deployments, name)?.spec.replicas ?? 1;
  const wanted = Math.min(sizeOf(version), enoughFor === undefined ? Infinity : sizeOf(enoughFor));
  const ready = pods.filter(isReady);
  return {
    addresses: new Set(ready.map(({ status }) => status?.podIP ?? '')),
    problem:
      ready.length < Math.max(1, wanted)
        ? `only ${ready.length}/${wanted} pods of ${version} are ready`
        : undefined,
  };
}
