/** Waits until the current version is unused: for a while no request is active or begins at any proxy. */
import { letGo } from '../changes/autoscaler.ts';
import { unused } from '../proofs/claims.ts';
import { nothing } from '../step.ts';
import type { Step } from '../step.ts';

export const drainOld: Step = {
  name: 'drain-old',
  title: ({ from }) => `Wait until nobody uses ${from}`,
  onFailure: 'stop',
  waits: true,
  changes: nothing,
  claim: (context) => unused(context, context.from),
  // Free the candidate's size. An interrupted roll back may have fixed the current version's size too.
  after: {
    changes: async (context) => [
      ...(await letGo(context, context.to)),
      ...(await letGo(context, context.from)),
    ],
  },
};
