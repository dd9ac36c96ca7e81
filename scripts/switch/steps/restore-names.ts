/**
 * The last step, of a switch and of a roll back: routes have their authors' names and weights again, so that
 * the object is what its author's files say. Before it and after it every route leads to the same version;
 * that every proxy has heard of it is what the next switch begins with.
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

/** At the end of a roll back. */
export const restoreNamesBack: NamedPart = part(({ from, to }) => ({ from: to, to: from }));

/** B once more. */
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
