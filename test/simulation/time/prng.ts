/** Chance from one seed: the same seed draws the same numbers on every machine. */

export interface Prng {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  between(min: number, max: number): number;
  /** Between both, each order of magnitude equally often: most are small, a few are large. */
  skewed(min: number, max: number): number;
  chance(probability: number): boolean;
  /** @throws {RangeError} when there is nothing to choose from */
  pick<T>(choices: readonly T[]): T;
  /** A stream of its own, by name: what is drawn elsewhere does not move it. */
  fork(name: string): Prng;
}

export function createPrng(seed: number, name = ''): Prng {
  let state = hash(`${seed} ${name}`);
  // mulberry32: 32 bits of state, good enough for weather, and quick.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const between = (min: number, max: number) => min + next() * (max - min);
  return {
    next,
    between,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    skewed: (min, max) => min * Math.exp(next() * Math.log(max / min)),
    chance: (probability) => next() < probability,
    pick<T>(choices: readonly T[]) {
      if (choices.length === 0) throw new RangeError('nothing to choose from');
      return choices[Math.floor(next() * choices.length)] as T;
    },
    fork: (part) => createPrng(seed, `${name}/${part}`),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // One more mix: names that differ in their last letter begin far apart.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return value ^ (value >>> 13);
}
