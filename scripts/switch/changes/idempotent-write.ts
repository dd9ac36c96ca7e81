/** Writes that say what must be: said twice they say the same, so they may be repeated when an answer was lost or somebody was faster. */
import type { Clock } from '../../shared/clock.ts';
import { isAmbiguous, isConflict } from '../../shared/cluster/errors.ts';
import { pause } from '../../shared/wait.ts';

/** So often a write is tried again. */
const MOST_REPEATS = 10;

/** Throws what the last write threw, or at once what repeating cannot mend; the signal's reason when aborted. */
export async function repeatWrite(
  write: () => Promise<unknown>,
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await write();
      return;
    } catch (error) {
      if (attempt >= MOST_REPEATS || !(isConflict(error) || isAmbiguous(error))) throw error;
      await pause(Math.min(1000, 50 * 2 ** attempt), signal, clock);
    }
  }
}
