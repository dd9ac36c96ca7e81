/** Puts the pods that serve now into a subset of their own, before other pods are deployed. */
import { CommandError } from '../../shared/errors.ts';
import type { SwitchContext } from '../context.ts';
import { gone, reachable } from '../proofs/claims.ts';
import { unedited } from '../proofs/still-serving.ts';
import { alreadySo, nothing } from '../step.ts';
import type { Step } from '../step.ts';
import { withoutBarrier } from '../steps/without-barrier.ts';
import { hasSubsets, plainServes } from './where-it-stands.ts';

export const addPlainSubset: Step = {
  name: 'add-plain-subset',
  title: ({ from }) => `Add subset ${from}`,
  subject: ({ lastSeen }) => lastSeen.versionsName,
  onFailure: 'undo',
  changes: (context) => (plainServes(context) ? Promise.resolve(added(context)) : nothing()),
  claim: (context) =>
    plainServes(context) ? reachable(context, context.from) : alreadySo(`${context.to} serves already`),
  after: withoutBarrier,
  undo: {
    title: ({ from }) => `Remove subset ${from}`,
    before: { claim: unedited },
    changes({ lastSeen, from }) {
      if (lastSeen.names(from)) throw new CommandError(`a route still names ${from}; its subset stays`);
      return Promise.resolve(lastSeen.remove(from));
    },
    claim: (context) =>
      hasSubsets(context) ? gone(context, context.from) : alreadySo('there are no subsets'),
    after: withoutBarrier,
  },
};

const added = ({ lastSeen, from, marker }: SwitchContext) => lastSeen.add(from, from, marker);
