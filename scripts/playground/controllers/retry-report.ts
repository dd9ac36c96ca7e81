import { StatusError } from '../apiserver/status-error.ts';

/** Says what a controller tries again and again. */
export interface RetryReport {
  /** `tries` counts those of this key in a row. */
  failed(key: string, tries: number, error: unknown): void;
  worked(key: string): void;
}

export interface RetryReportOptions {
  controller: string;
  say: (line: string) => void;
  /** Milliseconds. */
  now?: () => number;
}

/**
 * A refusal by the API is everyday (another writer was faster, a
 * namespace is going), until it goes on: after about 1.3 s of trying.
 */
const EVERYDAY_TRIES = 8;
/** Interval between lines, in milliseconds, however many objects fail. */
const SAY_EVERY_MS = 10_000;

/**
 * Reports keys that fail: one line when it begins, one when it is over. An unexpected error is reported at
 * once, a refusal only when it lasts. Many failing keys share a line.
 */
export function createRetryReport({ controller, say, now = Date.now }: RetryReportOptions): RetryReport {
  const known = new Set<string>();
  let saidAt = -Infinity;
  let unsaid = 0;

  function line(text: string): void {
    if (now() - saidAt < SAY_EVERY_MS) {
      unsaid += 1;
      return;
    }
    say(`${controller}: ${text}${unsaid === 0 ? '' : ` (and ${unsaid} more since the last word)`}`);
    saidAt = now();
    unsaid = 0;
  }

  return {
    failed(key, tries, error) {
      if (known.has(key) || (error instanceof StatusError && tries < EVERYDAY_TRIES)) return;
      known.add(key);
      line(`${key} failed ${tries === 1 ? 'once' : `${tries} times`} and is tried again: ${wordsOf(error)}`);
    },
    worked(key) {
      if (known.delete(key)) line(`${key} is in order again`);
    },
  };
}

/** The message of an error; of an unexpected one with its place in the code. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StatusError) return error.message;
  return `${error.name}: ${error.message} ${error.stack?.split('\n')[1]?.trim() ?? ''}`.trim();
}
