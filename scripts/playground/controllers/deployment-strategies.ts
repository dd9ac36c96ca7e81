import { byAge, DESIRED, MAX } from './revision.ts';
import {
  nextNewSize,
  nextOldSizes,
  proportionalSizes,
  rolloutLimits,
  type RolloutLimits,
  type SetSize,
} from './rollout-math.ts';
import type { Deployment, ReplicaSet } from './workload-types.ts';

/** What a ReplicaSet's size is to be. */
export type Sizing = [set: ReplicaSet, size: number];

/** The new one first; the old ones only when it has its size. */
export function rollingUpdate(
  deployment: Deployment,
  newSet: ReplicaSet,
  oldSets: readonly ReplicaSet[],
): Sizing[] {
  const replicas = replicasOf(deployment);
  const limits = limitsOf(deployment);
  const [current, old] = [sizeOf(newSet), oldSets.map(sizeOf)];
  const newSize = nextNewSize(replicas, current, old, limits);
  if (newSize !== current.wanted) return [[newSet, newSize]];
  const oldSizes = nextOldSizes(replicas, current, old, limits);
  return [[newSet, newSize], ...oldSets.map((set, index): Sizing => [set, oldSizes[index] ?? 0])];
}

/**
 * First the old ones down, then wait until their last pod is gone, then the new one up.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/controller/deployment/recreate.go
 */
export function recreate(
  oldSets: readonly ReplicaSet[],
  hasRunningPods: (set: ReplicaSet) => boolean,
): { step: 'scale down'; sizes: Sizing[] } | { step: 'wait'; running: ReplicaSet[] } | { step: 'scale up' } {
  const sized = oldSets.filter((set) => sizeOf(set).wanted !== 0);
  if (sized.length > 0) return { step: 'scale down', sizes: sized.map((set) => [set, 0]) };
  const running = oldSets.filter(hasRunningPods);
  return running.length > 0 ? { step: 'wait', running } : { step: 'scale up' };
}

/** Paused, or its size was changed: no rollout, only the sizes. */
export function resize(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): Sizing[] {
  const replicas = replicasOf(deployment);
  const active = sets.filter((set) => sizeOf(set).wanted > 0);
  if (active.length <= 1) {
    const target = active[0] ?? newSet ?? byAge(sets).at(-1);
    return target === undefined ? [] : [[target, replicas]];
  }
  if (newSet !== undefined && isSaturated(deployment, newSet))
    return active.filter((set) => set !== newSet).map((set) => [set, 0]);
  if (deployment.spec?.strategy.type === 'Recreate') return [];
  const { maxSurge } = limitsOf(deployment);
  const biggestFirst = [...active].sort((a, b) => sizeOf(b).wanted - sizeOf(a).wanted);
  const sizes = proportionalSizes(
    biggestFirst.map((set) => ({
      size: sizeOf(set).wanted,
      maxReplicas: Number(set.metadata.annotations?.[MAX] ?? 0),
    })),
    replicas > 0 ? replicas + maxSurge : 0,
    replicas,
    maxSurge,
  );
  return biggestFirst.map((set, index) => [set, sizes[index] ?? 0]);
}

/** What the ReplicaSet of a new template begins with. */
export function firstSize(deployment: Deployment, oldSets: readonly ReplicaSet[]): number {
  const replicas = replicasOf(deployment);
  if (deployment.spec?.strategy.type === 'Recreate') return replicas;
  return nextNewSize(replicas, { wanted: 0, available: 0 }, oldSets.map(sizeOf), limitsOf(deployment));
}

/** How many pods there may be at most while it rolls. */
export function maxReplicas(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  return deployment.spec?.strategy.type === 'Recreate' ? replicas : replicas + limitsOf(deployment).maxSurge;
}

/** Someone changed spec.replicas since the ReplicaSets were sized. */
export function isScaled({ spec }: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[DESIRED];
    return sizeOf(set).wanted > 0 && desired !== undefined && Number(desired) !== spec?.replicas;
  });
}

function isSaturated({ spec }: Deployment, set: ReplicaSet): boolean {
  const { wanted, available } = sizeOf(set);
  return (
    wanted === spec?.replicas &&
    Number(set.metadata.annotations?.[DESIRED]) === spec.replicas &&
    available === spec.replicas
  );
}

const replicasOf = ({ spec }: Deployment): number => spec?.replicas ?? 1;

function sizeOf({ spec, status }: ReplicaSet): SetSize {
  return { wanted: spec?.replicas ?? 0, available: status?.availableReplicas ?? 0 };
}

function limitsOf(deployment: Deployment): RolloutLimits {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy.rollingUpdate ?? {};
  return rolloutLimits(replicasOf(deployment), maxSurge, maxUnavailable);
}
