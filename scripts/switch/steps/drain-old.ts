/** Nothing is removed while somebody uses it: no request active, and none begun for a while, at any proxy. */
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
  // The candidate's size is its own now. A roll back that gave way to this may have held the other's.
  after: {
    changes: async (context) => [
      ...(await letGo(context, context.to)),
      ...(await letGo(context, context.from)),
    ],
  },
};
