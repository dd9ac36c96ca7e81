/**
 * Moves the routes from the current version to the candidate. Every proxy must have this revision (proof B).
 */
import { letGo } from '../changes/autoscaler.ts';
import { markerBack } from '../context.ts';
import type { SwitchContext } from '../context.ts';
import { bothOf, routed, unused } from '../proofs/claims.ts';
import type { Move } from '../routing/traffic-routing.ts';
import type { Part, Step } from '../step.ts';
import { keepUp } from './keep-up.ts';

/** The roll back of all shares at once. */
export const shiftBack: Part = {
  title: ({ from }) => `Send all traffic back to ${from}`,
  changes: (context) => Promise.resolve(context.lastSeen.move(moveBack(context))),
  claim(context) {
    const { from, to } = context;
    const moved = routed(context, moveBack(context));
    if (keepsNew(context)) return moved;
    return bothOf(
      moved,
      ({ watch }) => unused({ ...context, watch }, to),
      ({ proof }) => `all ${proof?.proxies ?? 0} proxies route to ${from}`,
    );
  },
  after: { changes: (context) => letGo(context, context.from) },
};

export const shiftTraffic: Step = {
  name: 'shift-traffic',
  title: ({ to }) => `Send all traffic to ${to}`,
  share: 100,
  onFailure: 'undo',
  before: keepUp(({ options: { canary = [] } }) => canary.length > 0),
  changes: (context) => Promise.resolve(context.lastSeen.move(moveOn(context))),
  claim: (context) => routed(context, moveOn(context)),
  undo: shiftBack,
};

const moveOn = ({ from, to, marker, record: { routes } }: SwitchContext): Move => ({
  ...{ from, to, share: 100, marker, routes },
});

/** Moves back only the routes of this switch: another route that names the candidate stays. */
const moveBack = ({ from, to, marker, record }: SwitchContext): Move => ({
  from: to,
  to: from,
  share: 100,
  marker: markerBack({ from, to, record }),
  onlyMarked: marker,
  routes: record.routes,
});

/** Whether the candidate stays after the roll back: then another route may go on naming it. */
function keepsNew({ to, record: { before }, options, lastSeen }: SwitchContext): boolean {
  if (lastSeen.names(to)) return true;
  return before?.subset === true && (before.deployment || options.keepFailed === true);
}
