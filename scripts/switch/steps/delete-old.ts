/** The point of no return: deletes the current version. No proxy sends to its pods any more, and none can. */
import { deleteVersion } from '../changes/version-objects.ts';
import { notNeeded } from '../proofs/still-serving.ts';
import type { Step } from '../step.ts';
import { podsGone } from './pods-gone.ts';

export const deleteOld: Step = {
  name: 'delete-old',
  title: ({ deployments }) => `Delete ${deployments.from}`,
  onFailure: 'stop',
  before: { claim: notNeeded },
  warning: ({ deployments }) => `point of no return: ${deployments.from} is deleted now`,
  changes: (context) => deleteVersion(context, context.from),
  claim(context, changes) {
    const claim = podsGone(context, context.from, changes);
    return { ...claim, text: `${claim.text} (the point of no return)` };
  },
};
