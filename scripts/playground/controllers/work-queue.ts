import { drawMs, type Delay, type Random } from '../network/random.ts';
import { createRetryReport } from './retry-report.ts';

/** Calls `work` for each key some time after it was added; a key added again meanwhile is worked on once. */
export interface WorkQueue {
  add(key: string): void;
  /** Looks again at a time in the future, besides what changes bring (a deadline, minReadySeconds). */
  addAfter(key: string, ms: number): void;
  close(): void;
}

export interface WorkQueueOptions {
  /** Whose queue it is: `deployment-controller`. */
  controller: string;
  delay: Delay;
  random: Random;
  /** Told of keys that fail again and again, in a line for a person. */
  say: (line: string) => void;
  work: (key: string) => void;
}

// As client-go's rate limiter: 5 ms, doubling, at most 1000 s; here at most 10 s.
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 10_000;

export function createWorkQueue({ controller, delay, random, say, work }: WorkQueueOptions): WorkQueue {
  const due = new Map<string, NodeJS.Timeout>();
  const later = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  const report = createRetryReport({ controller, say });
  let closed = false;

  function run(key: string): void {
    due.delete(key);
    try {
      work(key);
      failures.delete(key);
      report.worked(key);
    } catch (error) {
      // Another writer was faster, the namespace is going, a quota is full: look again, less and less often.
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      report.failed(key, count + 1, error);
      schedule(due, key, Math.min(FIRST_RETRY_MS * 2 ** count, LAST_RETRY_MS), () => run(key));
    }
  }

  function schedule(timers: Map<string, NodeJS.Timeout>, key: string, ms: number, action: () => void): void {
    if (closed || timers.has(key)) return;
    timers.set(key, setTimeout(action, ms).unref());
  }

  return {
    add: (key) => schedule(due, key, drawMs(delay, random), () => run(key)),
    addAfter(key, ms) {
      clearTimeout(later.get(key));
      later.delete(key);
      schedule(later, key, ms, () => {
        later.delete(key);
        run(key);
      });
    },
    close() {
      closed = true;
      for (const timer of [...due.values(), ...later.values()]) clearTimeout(timer);
    },
  };
}

/** `namespace/name`, the key of an object in a queue. */
export function keyOf({ metadata }: { metadata: { namespace?: string; name: string } }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
