/** What is wrong with the environment: one sentence per bad value. */
export class EnvironmentError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'EnvironmentError';
    this.problems = problems;
  }
}

export type Environment = Record<string, string | undefined>;

export interface EnvironmentReader {
  /** A whole number from `min` to `max`, both included. */
  integer(name: string, fallback: number, range: { min: number; max: number }): number;
  oneOf<T extends string>(name: string, fallback: T, allowed: readonly T[]): T;
  /** `on` or `off`. */
  flag(name: string, fallback: boolean): boolean;
  /** Text that matches `pattern`; `meaning` completes the sentence "NAME must be ...". */
  text(name: string, fallback: string, pattern: RegExp, meaning: string): string;
  /** Adds a complaint that concerns more than one value. */
  complain(problem: string): void;
  /** Throws one `EnvironmentError` with every complaint, if there is any. */
  verify(): void;
}

/** Reads typed values and collects all errors instead of stopping at the first. Empty counts as not set. */
export function readEnvironment(environment: Environment): EnvironmentReader {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: T, meaning: string, parse: (text: string) => T | undefined): T => {
    const text = environment[name];
    if (text === undefined || text === '') return fallback;
    const value = parse(text);
    if (value === undefined) problems.push(`${name} must be ${meaning}, got ${JSON.stringify(text)}.`);
    return value ?? fallback;
  };
  return {
    integer: (name, fallback, { min, max }) =>
      read(name, fallback, `an integer from ${min} to ${max}`, (text) => {
        const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
        return value >= min && value <= max ? value : undefined;
      }),
    oneOf: (name, fallback, allowed) =>
      read(name, fallback, allowed.join(' or '), (text) => allowed.find((value) => value === text)),
    flag: (name, fallback) =>
      read(name, fallback, 'on or off', (text) =>
        text === 'on' ? true : text === 'off' ? false : undefined,
      ),
    text: (name, fallback, pattern, meaning) =>
      read(name, fallback, meaning, (text) => (pattern.test(text) ? text : undefined)),
    complain: (problem) => {
      problems.push(problem);
    },
    verify: () => {
      if (problems.length > 0) throw new EnvironmentError(problems);
    },
  };
}
