/**
 * The current version is removed only when two things hold: nobody uses it, and the candidate serves. A
 * version can be ready, get the traffic and fail under it. Then the current version, which still runs, gets
 * the traffic again.
 */
import { CommandError } from '../../shared/errors.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import { deadlineOf } from '../context.ts';
import type { SwitchContext } from '../context.ts';
import type { Claim } from '../step.ts';
import { reachable } from './claims.ts';
import { NotProvenError } from './prove-everywhere.ts';

/** The candidate does not carry the traffic: the switch is rolled back. */
export class NotServingError extends CommandError {}

/** What must hold before the current version's subset and pods are removed. */
export function notNeeded(context: SwitchContext): Claim {
  return {
    text: reachable(context, context.to).text,
    async prove() {
      await proveNotNeeded(context);
      return { detail: '' };
    },
  };
}

/** What must hold before the candidate is removed: no edit may have put it to use meanwhile. */
export function unedited(context: SwitchContext): Claim {
  return {
    text: '',
    async prove() {
      await verifyUnchanged(context);
      await context.renewLease();
      return { detail: '' };
    },
  };
}

/**
 * Proves that this run still holds the Lease, the objects are as it wrote them, and every proxy has ready
 * pods of the candidate. Throws a NotServingError when the candidate is the reason.
 */
export async function proveNotNeeded(context: SwitchContext): Promise<void> {
  const { from, to, lastSeen, prover, target } = context;
  await verifyUnchanged(context);
  const pods = () => readyPods(context, to, { enoughFor: from });
  const { addresses } = await pods();
  if (addresses.size === 0) throw new NotServingError(`no pod of ${to} is ready any more`);
  const name = lastSeen.nameOf(to);
  const claim = { version: to, name, host: target.host, question: lastSeen.reachable(to), pods };
  try {
    await prover.endpoints(claim, deadlineOf(context));
  } catch (error) {
    const { problem } = error instanceof NotProvenError ? await pods() : { problem: undefined };
    throw problem === undefined ? error : new NotServingError(problem, { cause: error });
  }
  await context.renewLease();
}
