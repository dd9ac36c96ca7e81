/** Waits for a claim, and stops when somebody edits the objects: then waiting does not help. */
import { pause } from '../shared/wait.ts';
import type { Change } from './changes/change.ts';
import { ForeignEditError, RefusedRouteError, verifyUnchanged } from './changes/change-object.ts';
import type { SwitchContext } from './context.ts';
import { NotProvenError } from './proofs/prove-everywhere.ts';
import type { Claim, Phase, Proven } from './step.ts';

/** Poll interval for foreign edits, in milliseconds. */
const LOOK_EVERY_MS = 5000;

/** @param changes the writes of the phase */
export async function proveWatched(
  context: SwitchContext,
  phase: Phase,
  changes: readonly Change[],
): Promise<{ claim: Claim | undefined; shown: Proven | undefined }> {
  if (phase.claim === undefined) return { claim: undefined, shown: undefined };
  const edited = new AbortController();
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, edited.signal]);
  const claim = phase.claim({ ...context, signal }, changes);
  const looking = lookForEdits({ ...context, signal: ended.signal }, (edit) => edited.abort(edit));
  try {
    return { claim, shown: await claim.prove() };
  } catch (error) {
    const edit = error instanceof NotProvenError ? await foreignEdit(context) : undefined;
    throw edit ?? error;
  } finally {
    ended.abort();
    await looking;
  }
}

/** Polls until it is aborted or has found an edit. */
async function lookForEdits(
  context: SwitchContext,
  onEdit: (edit: ForeignEditError | RefusedRouteError) => void,
): Promise<void> {
  try {
    for (;;) {
      await pause(LOOK_EVERY_MS, context.signal, context.clock);
      const edit = await foreignEdit(context);
      if (edit === undefined) continue;
      onEdit(edit);
      return;
    }
  } catch {
    // Aborted.
  }
}

/** An edit or refusal by somebody else, as far as it can be read. */
export async function foreignEdit(
  context: SwitchContext,
): Promise<ForeignEditError | RefusedRouteError | undefined> {
  try {
    await verifyUnchanged(context);
    return undefined;
  } catch (error) {
    return error instanceof ForeignEditError || error instanceof RefusedRouteError ? error : undefined;
  }
}
