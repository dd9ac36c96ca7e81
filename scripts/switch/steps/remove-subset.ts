/** Removes the current version's subset. After its proof no proxy has a configuration that can send to it. */
import { CommandError } from '../../shared/errors.ts';
import { gone, reachable } from '../proofs/claims.ts';
import { notNeeded } from '../proofs/still-serving.ts';
import type { Step } from '../step.ts';
import { withoutBarrier } from './without-barrier.ts';

export const removeSubset: Step = {
  name: 'remove-subset',
  title: ({ from, lastSeen }) => `Remove ${lastSeen.nameOf(from)}`,
  subject: ({ lastSeen }) => lastSeen.versionsName,
  onFailure: 'stop',
  // A route that names the current version again would get 503 without its subset.
  before: { claim: notNeeded },
  changes({ lastSeen, from }) {
    if (lastSeen.names(from))
      throw new CommandError(`a route still names ${from}; its ${lastSeen.unit} stays`);
    return Promise.resolve(lastSeen.remove(from));
  },
  claim: (context) => gone(context, context.from),
  undo: {
    title: ({ from, lastSeen }) => `Add ${lastSeen.nameOf(from)} again`,
    changes: ({ lastSeen, from, to, marker }) => Promise.resolve(lastSeen.add(from, to, marker)),
    claim: (context) => reachable(context, context.from),
    after: withoutBarrier,
  },
};
