/**
 * The arithmetic of a rolling update, as in kubernetes
 * pkg/controller/deployment/util and rolling.go. Pure numbers.
 */

export interface RolloutLimits {
  /** Pods above the wanted number that may exist. */
  maxSurge: number;
  /** Pods below the wanted number that may be missing. */
  maxUnavailable: number;
}

/** What one ReplicaSet has: pods asked for, and pods available. */
export interface SetSize {
  wanted: number;
  available: number;
}

/**
 * `25%` or a number. Percentages of surge round up, of unavailability
 * down; both zero would block, so then one may be missing.
 */
export function rolloutLimits(
  replicas: number,
  maxSurge: number | string = '25%',
  maxUnavailable: number | string = '25%',
): RolloutLimits {
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  return {
    maxSurge: surge,
    maxUnavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas),
  };
}

function scaled(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? Number.parseInt(value, 10) || 0 : round((Number(percent) * total) / 100);
}

/** How many pods the new ReplicaSet should ask for now. */
export function nextNewSize(
  replicas: number,
  newSet: SetSize,
  oldSets: readonly SetSize[],
  { maxSurge }: RolloutLimits,
): number {
  if (newSet.wanted >= replicas) return replicas;
  const total = newSet.wanted + sum(oldSets, 'wanted');
  const room = replicas + maxSurge - total;
  if (room <= 0) return newSet.wanted;
  return newSet.wanted + Math.min(room, replicas - newSet.wanted);
}

/**
 * How many pods each old ReplicaSet (oldest first) should ask for now:
 * unavailable ones go first, then as many as availability allows.
 */
export function nextOldSizes(
  replicas: number,
  newSet: SetSize,
  oldSets: readonly SetSize[],
  { maxUnavailable }: RolloutLimits,
): number[] {
  const sizes = oldSets.map(({ wanted }) => wanted);
  const minAvailable = replicas - maxUnavailable;
  const newUnavailable = newSet.wanted - newSet.available;
  const allWanted = newSet.wanted + sum(oldSets, 'wanted');
  let cleanUp = allWanted - minAvailable - newUnavailable;
  if (cleanUp <= 0) return sizes;

  oldSets.forEach(({ wanted, available }, index) => {
    const gone = Math.max(0, Math.min(cleanUp, wanted - available));
    sizes[index] = wanted - gone;
    cleanUp -= gone;
  });

  let spare = newSet.available + sum(oldSets, 'available') - minAvailable;
  sizes.forEach((size, index) => {
    const gone = Math.max(0, Math.min(size, spare));
    sizes[index] = size - gone;
    spare -= gone;
  });
  return sizes;
}

/**
 * Spreads a change of the Deployment's size over its ReplicaSets while a rollout is under way, in proportion
 * to their sizes; what rounding leaves goes to the biggest.
 * @param sets biggest first.
 * @param maxReplicas what the sizes were chosen for (annotation max-replicas), 0 when unknown.
 */
export function proportionalSizes(
  sets: readonly { size: number; maxReplicas: number }[],
  allowed: number,
  deploymentReplicas: number,
  maxSurge: number,
): number[] {
  const total = sets.reduce((count, { size }) => count + size, 0);
  let toAdd = allowed - total;
  const added = sets.map(({ size, maxReplicas }) => {
    if (size === 0 || toAdd === 0) return 0;
    const annotated = maxReplicas || total;
    const share = Math.round((size * (deploymentReplicas + maxSurge)) / annotated) - size;
    const change = toAdd > 0 ? Math.min(Math.max(share, 0), toAdd) : Math.max(Math.min(share, 0), toAdd);
    toAdd -= change;
    return change;
  });
  return sets.map(({ size }, index) => Math.max(0, size + (added[index] ?? 0) + (index === 0 ? toAdd : 0)));
}

function sum(sets: readonly SetSize[], field: keyof SetSize): number {
  return sets.reduce((total, set) => total + set[field], 0);
}
