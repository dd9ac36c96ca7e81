/** Shares a version's part of a route with another version, destination by destination. */
import { plainWeights, wholeWeights } from './weights.ts';
import type { Part } from './weights.ts';

/** Which destinations are of the one version, and which of the other. */
export interface Sharing<T> {
  /** The other version's percentage of the traffic of both; 100 removes the one. */
  share: number;
  isFrom: (one: T) => boolean;
  isTo: (one: T) => boolean;
  /** Whether both destinations differ only in the version. */
  isSamePlace: (one: T, other: T) => boolean;
  /** The destination with the other version instead of the one. */
  turned: (one: T) => T;
  weightOf: (one: T) => number;
  /** The largest sum of weights. */
  greatest?: number;
}

/**
 * Divides each destination of the one version, together with the other version's destination of the same
 * place, by the share.
 * @returns the destinations with their weights; undefined where the one version has none
 */
export function shareOut<T>(
  all: readonly T[],
  { share, isFrom, isTo, isSamePlace, turned, weightOf, greatest }: Sharing<T>,
): { destination: T; weight: number }[] | undefined {
  if (!all.some(isFrom)) return undefined;
  const shared = new Map<T, T>();
  for (const one of all.filter(isTo)) {
    const old = all.find((other) => isFrom(other) && isSamePlace(one, other));
    if (old !== undefined) shared.set(one, old);
  }
  const moved = all.flatMap((one): { destination: T; part: Part }[] => {
    if (shared.has(one)) return [];
    const own = weightOf(one);
    if (!isFrom(one)) return [{ destination: one, part: { weight: own, percent: 100 } }];
    const others = all.filter((other) => shared.get(other) === one);
    const weight = others.reduce((sum, other) => sum + weightOf(other), own);
    const fresh = turned(one);
    if (share === 100) return [{ destination: fresh, part: { weight, percent: 100 } }];
    return [
      { destination: one, part: { weight, percent: 100 - share } },
      { destination: fresh, part: { weight, percent: share } },
    ];
  });
  const weights = wholeWeights(
    moved.map(({ part }) => part),
    greatest,
  );
  const written = share === 100 && shared.size > 0 ? plainWeights(weights) : weights;
  return moved.map(({ destination }, index) => ({ destination, weight: written[index] ?? 0 }));
}
