import { printable } from '../shared/printable.ts';

/** So many names of one kind are told apart; a server that gives itself another with each answer fills no table. */
const MOST_NAMES = 100;
const LONGEST_NAME = 100;
/** What all further names are counted as. */
const OTHER_NAME = 'other';

/** Names as servers give them to themselves, as keys of a count: printable, and at most 100 of them, then `other`. */
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

/** Counts by names from outside. Without a prototype `constructor` and `__proto__` are names like any other. */
export function createCounts(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}
