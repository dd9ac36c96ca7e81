/**
 * Sees to it that nobody in the simulation asks the machine for time
 * or chance: what does is written down, and fails.
 */

/** What reads or spends real time, or draws real chance. */
const FORBIDDEN = ['setTimeout', 'setInterval', 'setImmediate'] as const;

export interface RealTimeGuard {
  /** What was asked for, each with the place that asked. */
  readonly uses: string[];
  /** Gives the machine's time back. */
  lift(): void;
}

export function guardRealTime(): RealTimeGuard {
  const uses: string[] = [];
  const restore: (() => void)[] = [];
  const forbid = (holder: object, name: string) => {
    const before = Object.getOwnPropertyDescriptor(holder, name);
    const value = () => {
      Error.stackTraceLimit = 5;
      const use = `${name}${placeOf(new Error())}`;
      Error.stackTraceLimit = 0;
      uses.push(use);
      throw new Error(`the simulation has no ${use}`);
    };
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    restore.push(() => {
      if (before) Object.defineProperty(holder, name, before);
      else Reflect.deleteProperty(holder, name);
    });
  };
  // Nobody reads the stacks of a simulation's errors, and they are most of what an error costs.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  restore.push(() => (Error.stackTraceLimit = stackTraceLimit));
  for (const name of FORBIDDEN) forbid(globalThis, name);
  forbid(AbortSignal, 'timeout');
  forbid(Math, 'random');
  forbid(Date, 'now');
  forbid(performance, 'now');
  return { uses, lift: () => restore.toReversed().forEach((undo) => undo()) };
}

/** Whoever called, without the machine's path to it. */
function placeOf({ stack = '' }: Error): string {
  const line = stack.split('\n')[2] ?? '';
  const [, place] = /((?:scripts|test)\/[^\s)]+)/.exec(line) ?? [];
  return place === undefined ? '' : ` at ${place}`;
}
