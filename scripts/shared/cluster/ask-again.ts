/** Asking again what may be repeated: soon at first, then less often, and as late as the server wished. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { ClusterError } from './errors.ts';
import { pause } from '../wait.ts';

interface Patience {
  /** After this long the last error is thrown, in milliseconds. */
  patienceMs: number;
  /** Whether asking again is safe after this error, and can help. */
  helps: (error: unknown) => boolean;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

/** The first good answer. Throws what `once` threw when asking again does not help, or not in time; the signal's reason when aborted. */
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
