import { printable } from '../shared/printable.ts';

/**
 * Distinct names that are counted, so that a server with a new name in each answer cannot fill the memory.
 */
const MOST_NAMES = 100;
const LONGEST_NAME = 100;
/** The key under which all further names are counted. */
const OTHER_NAME = 'other';

/** The key for a name from a server's header: made printable, and `other` beyond the first 100. */
export function createNames(): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    if (known.size >= MOST_NAMES) return OTHER_NAME;
    const shown = printable(name, LONGEST_NAME);
    known.set(name, shown);
    return shown;
  };
}

/**
 * Counts by names from servers. Without a prototype `constructor` and `__proto__` are names like any other.
 */
export function createCounts(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}
