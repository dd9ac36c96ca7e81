/**
 * What counters have gained since they were first looked at. A source that begins anew (a proxy that
 * restarts) and a counter that comes and goes (an endpoint does) count from 0 again; a source that does not
 * answer for a while keeps what it has gained. It is what Prometheus' `increase` is for, with nothing
 * extrapolated.
 */
export type Counters = ReadonlyMap<string, number>;

/**
 * Gives a function that takes what each source shows now, by source and counter, and gives what each counter
 * has gained at all of them together. A source's first answer is its beginning: how much of that is old,
 * nobody knows.
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
