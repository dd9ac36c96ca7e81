/**
 * Weights of a route's destinations. They are relative: each destination gets its weight's part of their sum,
 * whatever the sum is.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination
 */
/** The largest sum that fits both Istio's `weight` (int32) and Envoy's sum of weights (uint32). */
const GREATEST_SUM = 2 ** 31 - 1;
/** The sum to which weights are rounded when exact ones would be larger than that. */
const PARTS = 1_000_000;

/** A new weight, as a percentage of an old `weight`. */
export interface Part {
  weight: number;
  percent: number;
}

/**
 * Whole weights in exactly the ratio of the parts. One factor applies to the whole route: the smallest that
 * makes all weights whole. Only when their sum would exceed `greatest`, they are rounded to parts in a
 * million. A part above 0 gets at least 1.
 */
export function wholeWeights(parts: readonly Part[], greatest = GREATEST_SUM): number[] {
  const factor = parts.reduce(
    (all, { weight, percent }) =>
      leastCommonMultiple(all, 100 / greatestCommonDivisor(weight * percent, 100)),
    1,
  );
  const sum = parts.reduce((all, { weight, percent }) => all + (weight * percent) / 100, 0);
  if (sum * factor <= greatest) return parts.map(({ weight, percent }) => (weight * factor * percent) / 100);
  return apportion(
    parts.map(({ weight, percent }) => (weight * percent) / 100),
    PARTS,
  );
}

/** Weights as an author would write them: in percent if those are whole, else in lowest terms. */
export function plainWeights(weights: readonly number[]): number[] {
  const common = weights.reduce(greatestCommonDivisor, 0);
  const hundreds = weights.reduce((all, weight) => all + weight, 0) / 100;
  const divisor = Number.isInteger(hundreds) && common % hundreds === 0 ? hundreds : common;
  return divisor === 0 ? [...weights] : weights.map((weight) => weight / divisor);
}

/** The share of each weight in percent, with one decimal. A weight above 0 is never shown as 0. */
export function percentages(weights: readonly number[]): number[] {
  return apportion(weights, 1000).map((tenths) => tenths / 10);
}

/**
 * Whole numbers with the sum `total` in the ratio of the quotas, by the largest remainder method: each gets
 * its quota without the fraction, and the rest goes to the largest fractions. A quota above 0 gets at least
 * 1, at the expense of the largest. https://en.wikipedia.org/wiki/Quota_method
 */
export function apportion(quotas: readonly number[], total: number): number[] {
  const sum = quotas.reduce((all, quota) => all + quota, 0);
  if (sum === 0) return quotas.map(() => 0);
  const exact = quotas.map((quota) => (quota / sum) * total);
  const seats = exact.map((quota) => (quota > 0 ? Math.max(1, Math.floor(quota)) : 0));
  const given = () => seats.reduce((all, seat) => all + seat, 0);
  const remainders = exact
    .map((quota, index) => ({ index, rest: quota - (seats[index] ?? 0) }))
    .sort((a, b) => b.rest - a.rest);
  for (const { index } of remainders) {
    if (given() >= total) break;
    if ((exact[index] ?? 0) > 0) seats[index] = (seats[index] ?? 0) + 1;
  }
  while (given() > total) {
    const largest = seats.indexOf(Math.max(...seats));
    if ((seats[largest] ?? 0) <= 1) break;
    seats[largest] = (seats[largest] ?? 0) - 1;
  }
  return seats;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
