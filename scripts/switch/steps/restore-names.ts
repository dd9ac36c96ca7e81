/**
 * The last step of a switch and of a roll back: routes get their authors' names and weights again, so that
 * the object agrees with its author's files. It changes the destination of no request. Proof B shows that
 * every proxy has this state, from which the next switch begins.
 */
import { deadlineOf, markerBack } from '../context.ts';
import type { SwitchContext } from '../context.ts';
import type { Claim, NamedPart, Step } from '../step.ts';

const part = (moveOf: (context: SwitchContext) => { from: string; to: string }) =>
  ({
    name: 'restore-names',
    title: () => 'Restore the names of routes',
    changes: (context) =>
      Promise.resolve(
        context.lastSeen.restoreNames([context.marker, markerBack(context)], context.record.routes),
      ),
    claim: (context) => namedByAuthor(context, moveOf(context)),
  }) satisfies NamedPart;

export const restoreNames: Step = { ...part(({ from, to }) => ({ from, to })), onFailure: 'stop' };

/** The same step at the end of a roll back. */
export const restoreNamesBack: NamedPart = part(({ from, to }) => ({ from: to, to: from }));

/** Proof B, of the routes without markers. */
function namedByAuthor(context: SwitchContext, { from, to }: { from: string; to: string }): Claim {
  const { lastSeen, marker, prover } = context;
  const none = lastSeen.names(from) ? '' : `, and none names ${from}`;
  return {
    text: `B: every proxy has the routes under their own names${none}`,
    async prove() {
      const question = lastSeen.routed({ from, to, share: 100, marker });
      const asked = { question, leaving: undefined };
      const { proxies, slowest } = await prover.routes(asked, deadlineOf(context));
      return {
        detail: `all ${proxies} proxies have the routes as their author named them`,
        proof: { proxies, slowest },
      };
    },
  };
}
