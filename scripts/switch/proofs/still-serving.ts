/**
 * The old version goes only when nobody needs it any more, and that is two things: nobody uses it, and the new one serves. A version can be ready, take
 * the traffic and fail under it; then the old one, which still runs, takes it back.
 */
import { CommandError } from '../../shared/errors.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import { patience } from './deadline.ts';
import { NotProvenError } from './prove-everywhere.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import type { SwitchContext } from '../types.ts';

/** The new version does not carry the traffic: it goes back to the old one. */
export class NotServingError extends CommandError {}

/**
 * Asked right before the old version's subset and its pods are taken away: this run is still the only operator, the objects are as it wrote them, and
 * every proxy has ready pods of the new version. Throws a NotServingError when that version is the reason.
 */
export async function proveNotNeeded(context: SwitchContext): Promise<void> {
  const { from, to, known, prover, target } = context;
  await verifyUnchanged(context);
  const pods = () => readyPods(context, to, { enoughFor: from });
  const { addresses } = await pods();
  if (addresses.size === 0) throw new NotServingError(`no pod of ${to} is ready any more`);
  try {
    await prover.endpoints(
      { host: target.host, subset: to, pods, rule: known.destinationRule },
      patience(context),
    );
  } catch (error) {
    const { problem } = error instanceof NotProvenError ? await pods() : { problem: undefined };
    throw problem === undefined ? error : new NotServingError(problem, { cause: error });
  }
  await context.fence();
}
