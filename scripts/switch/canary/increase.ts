/**
 * The increase of counters since their first reading, as Prometheus' `increase`, without extrapolation. A
 * source that restarts (a proxy) and a counter that is gone and returns (an endpoint) count from 0 again. A
 * source that does not answer for a while keeps its increase so far.
 */
export type Counters = ReadonlyMap<string, number>;

/**
 * Returns a function that takes the current counters by source, and returns the increase of each counter
 * over all sources. A source's first answer is its baseline: when it was counted is unknown.
 */
export function createIncrease(): (answers: ReadonlyMap<string, Counters>) => Counters {
  const last = new Map<string, Counters>();
  const gained = new Map<string, number>();
  return (answers) => {
    for (const [source, now] of answers) {
      const before = last.get(source);
      last.set(source, now);
      for (const [counter, value] of now) {
        const earlier = before === undefined ? value : (before.get(counter) ?? 0);
        const more = value < earlier ? value : value - earlier;
        gained.set(counter, (gained.get(counter) ?? 0) + more);
      }
    }
    return gained;
  };
}
