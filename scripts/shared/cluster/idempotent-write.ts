/** Idempotent writes: retried on 409 or a lost answer, at most 10 times, with a backoff from 50 ms to 1 s. */
import type { Clock } from '../clock.ts';
import { isAmbiguous, isConflict } from './errors.ts';
import { pause } from '../wait.ts';

const MOST_RETRIES = 10;

/**
 * Throws what the last write threw, or at once what a retry cannot mend; the signal's reason when aborted.
 */
export async function retryWrite<T>(
  write: () => Promise<T>,
  { signal, clock }: { signal?: AbortSignal; clock: Clock },
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (attempt >= MOST_RETRIES || !(isConflict(error) || isAmbiguous(error))) throw error;
      await pause(Math.min(1000, 50 * 2 ** attempt), signal, clock);
    }
  }
}
