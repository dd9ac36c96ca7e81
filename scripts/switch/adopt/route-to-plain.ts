/**
 * Each route that leads to every pod of the Service leads to those that serve now: the same, by another name.
 */
import { pause } from '../../shared/wait.ts';
import type { SwitchContext } from '../context.ts';
import { deadlineOf } from '../context.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import type { Move } from '../routing/traffic-routing.ts';
import { alreadySo } from '../step.ts';
import type { Claim, Step } from '../step.ts';
import { leadMarkers, leadMove, leadMoveBack } from './markers.ts';
import { everyPodKnown } from './every-pod-known.ts';
import { hasRoutes } from './where-it-stands.ts';

export const routeToPlain: Step = {
  name: 'route-to-plain',
  title: ({ from }) => `Send all traffic to ${from}`,
  onFailure: 'undo',
  changes: (context) => Promise.resolve(context.lastSeen.move(leadMove(context))),
  claim: (context) => led(context, leadMove(context), 'none leads to every pod'),
  undo: {
    title: () => 'Send all traffic to every pod again',
    before: { claim: everyPodKnown },
    changes: (context) => Promise.resolve(context.lastSeen.move(leadMoveBack(context))),
    claim: (context) =>
      hasRoutes(context)
        ? led(context, leadMoveBack(context), `none names ${context.from}`)
        : alreadySo('there are no routes'),
    after: {
      changes: ({ lastSeen, record, ...told }) =>
        Promise.resolve(lastSeen.restoreNames(leadMarkers({ ...told, record }), record.routes)),
    },
  },
};

/** Proof B that the proxies have the written route, which does what they did without it. */
function led(context: SwitchContext, move: Move, none: string): Claim {
  return {
    text: `B: every proxy has this revision of the route, and ${none}`,
    async prove() {
      await verifyUnchanged(context);
      const question = context.lastSeen.routed(move);
      const asked = { question, leaving: undefined };
      const { proxies, slowest } = await context.prover.routes(asked, deadlineOf(context));
      await untilSentOn(context);
      return { detail: `at all ${proxies} proxies, ${none}`, proof: { proxies, slowest } };
    },
  };
}

/** A request that a route delays is nowhere yet, and on its way to what the route named when it came. */
async function untilSentOn({ lastSeen, signal, clock }: SwitchContext): Promise<void> {
  const delayMs = lastSeen.longestDelayMs();
  if (delayMs > 0) await pause(delayMs, signal, clock);
}
