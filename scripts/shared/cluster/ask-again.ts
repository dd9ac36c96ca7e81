/** Retries with exponential backoff, and no earlier than the server's Retry-After. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { ClusterError } from './errors.ts';
import { pause } from '../wait.ts';

interface Patience {
  /** Deadline of the retries, in milliseconds. */
  patienceMs: number;
  /** Whether a retry is safe after this error, and can help. */
  helps: (error: unknown) => boolean;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

/**
 * The first good answer. Throws the last error when a retry cannot
 * help or the deadline has passed; the signal's reason when aborted.
 */
export async function askAgain<T>(
  once: () => Promise<T>,
  { patienceMs, helps, signal, clock = systemClock }: Patience,
): Promise<T> {
  const started = clock.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once();
    } catch (error) {
      const wait = (error instanceof ClusterError && error.retryAfterMs) || Math.min(2000, 50 * 2 ** attempt);
      if (!helps(error) || clock.now() - started + wait > patienceMs) throw error;
      await pause(wait, signal, clock);
    }
  }
}
