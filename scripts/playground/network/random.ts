/** Chance that can be repeated: every delay of the playground is drawn from one seeded source. */

/** Returns a number from 0 (included) to 1 (excluded), as Math.random does. */
export type Random = () => number;

/** A small seeded generator (mulberry32): the same seed gives the same sequence on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A measured distribution: `[share, ms]` pairs with ascending share from 0 to 1, read as "this share of the
 * measurements took at most that many milliseconds". A plain number means always that long.
 */
export type Delay = number | readonly (readonly [share: number, ms: number])[];

/** Draws one duration in ms: the inverse of the measured distribution, straight lines between its points. */
export function drawMs(delay: Delay, random: Random): number {
  if (typeof delay === 'number') return delay;
  const share = random();
  let [lowShare, lowMs] = delay[0] ?? [0, 0];
  for (const [highShare, highMs] of delay) {
    if (share <= highShare) {
      const span = highShare - lowShare;
      return span === 0 ? highMs : lowMs + ((share - lowShare) / span) * (highMs - lowMs);
    }
    [lowShare, lowMs] = [highShare, highMs];
  }
  return lowMs;
}
