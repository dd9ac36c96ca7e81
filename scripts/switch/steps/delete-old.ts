/** The point of no return: the current version's pods end. Nobody uses them, and nobody can. */
import { deleteVersion } from '../changes/version-objects.ts';
import { notNeeded } from '../proofs/still-serving.ts';
import type { Step } from '../step.ts';
import { podsGone } from './pods-gone.ts';

export const deleteOld: Step = {
  name: 'delete-old',
  title: ({ deployments }) => `Delete ${deployments.from}`,
  onFailure: 'stop',
  before: { claim: notNeeded },
  warning: ({ deployments }) => `no way back from here: ${deployments.from} is deleted now`,
  changes: (context) => deleteVersion(context, context.from),
  claim(context, changes) {
    const claim = podsGone(context, context.from, changes);
    return { ...claim, text: `${claim.text} (from here on there is no way back)` };
  },
};
