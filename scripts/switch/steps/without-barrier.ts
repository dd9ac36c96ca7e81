/** Removes the barrier subset after its proof. This needs no proof: no route names the barrier. */
import type { Phase } from '../step.ts';

export const withoutBarrier: Phase = {
  changes: ({ lastSeen }) => Promise.resolve(lastSeen.removeBarrier()),
};
