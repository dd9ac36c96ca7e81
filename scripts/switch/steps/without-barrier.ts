/** What has shown that every proxy has a revision of the versions is needed no more. It goes without a proof: no route names it, and no other has its name. */
import type { Phase } from '../step.ts';

export const withoutBarrier: Phase = {
  changes: ({ lastSeen }) => Promise.resolve(lastSeen.removeBarrier()),
};
