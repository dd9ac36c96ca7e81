/**
 * Adds the candidate's subset at every proxy before a route names it: an unknown or warming cluster gives
 * 503.
 */
import type { SwitchContext } from '../context.ts';
import { gone, reachable } from '../proofs/claims.ts';
import { unedited } from '../proofs/still-serving.ts';
import { alreadySo, nothing } from '../step.ts';
import type { Step } from '../step.ts';
import { withoutBarrier } from './without-barrier.ts';

export const addSubset: Step = {
  name: 'add-subset',
  title: ({ to, lastSeen }) => `Add ${lastSeen.nameOf(to)}`,
  subject: ({ lastSeen }) => lastSeen.versionsName,
  onFailure: 'undo',
  changes: ({ lastSeen, from, to, marker }) => Promise.resolve(lastSeen.add(to, from, marker)),
  claim: (context) => reachable(context, context.to),
  after: withoutBarrier,
  undo: {
    title: ({ to, lastSeen }) => `Remove ${lastSeen.nameOf(to)}`,
    before: { claim: (context) => (stays(context) ? alreadySo('') : unedited(context)) },
    changes: (context) => (stays(context) ? nothing() : Promise.resolve(context.lastSeen.remove(context.to))),
    claim(context) {
      const { to, record, lastSeen } = context;
      if (!stays(context)) return gone(context, to);
      const name = lastSeen.nameOf(to);
      const why = record.before?.subset ? `${name} was there before` : `a route names ${to}; ${name} stays`;
      return alreadySo(why, `none, for ${name} stays`);
    },
    after: withoutBarrier,
  },
};

/** Whether the candidate's subset stays when the switch is rolled back. */
const stays = ({ record, lastSeen, to }: SwitchContext) =>
  record.before?.subset === true || lastSeen.names(to);
