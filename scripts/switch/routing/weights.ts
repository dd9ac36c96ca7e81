/**
 * Weights of a route's destinations. They are relative: each gets its weight in the sum of all of them,
 * whatever that sum is.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination
 */
/** What Istio's `weight` (int32) and Envoy's sum of all of them (uint32) both hold. */
const GREATEST_SUM = 2 ** 31 - 1;
/** What a route is divided into where its exact weights would be greater than that. */
const PARTS = 1_000_000;

/** A weight of the new list: what it is of the old one's `weight`, in percent. */
export interface Part {
  weight: number;
  percent: number;
}

/**
 * Whole weights for the parts, in exactly their ratio: one factor for the whole route, the smallest that
 * makes all of them whole. Only a sum above the greatest is rounded to parts in a million. A part that
 * has something never gets nothing.
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

/** Weights as an author would write them: in percent where they come to that, else in lowest terms. */
export function plainWeights(weights: readonly number[]): number[] {
  const common = weights.reduce(greatestCommonDivisor, 0);
  const hundreds = weights.reduce((all, weight) => all + weight, 0) / 100;
  const divisor = Number.isInteger(hundreds) && common % hundreds === 0 ? hundreds : common;
  return divisor === 0 ? [...weights] : weights.map((weight) => weight / divisor);
}

/** Each one's share of all, in percent with one decimal. No weight above 0 is shown as none. */
export function percentages(weights: readonly number[]): number[] {
  return apportion(weights, 1000).map((tenths) => tenths / 10);
}

/**
 * Whole numbers with the sum `total` in the ratio of the quotas, by largest remainder: each gets its quota
 * without the fraction, and what is left goes to the largest fractions. One that has something gets at least
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
