/** Runs a plan under the lock, and handles its failure. */
import { InterruptedError, messageOf } from '../shared/errors.ts';
import { releaseFields } from './changes/release-fields.ts';
import type { SwitchContext } from './context.ts';
import type { Lock } from './lock/lock.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import type { Operation } from './operation.ts';
import { StepFailed } from './perform.ts';
import { NotServingError } from './proofs/still-serving.ts';
import { foreignEdit } from './prove-watched.ts';
import { runBack } from './run-back.ts';
import { runForward } from './run-forward.ts';
import { sayStopped, saySwitched, sayUndone } from './say.ts';
import type { NamedPart, Step } from './step.ts';
import { PointOfNoReturnError } from './steps/restore-old-capacity.ts';
import type { SwitchResult } from './types.ts';

/** The operation of a run, and its lock. */
export interface Job {
  operation: Operation;
  lock: Lock;
}

/** Runs the plan, and rolls back when a failed step requires it. */
export async function goOn(context: SwitchContext, plan: Step[], job: Job): Promise<SwitchResult> {
  let end: SwitchContext;
  try {
    end = await runForward(context, plan);
    const edit = await foreignEdit(end);
    if (edit !== undefined) return await sayStopped(end, edit);
    await releaseFields(end);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return afterFailure(error, plan, job);
  }
  await job.lock.finish({ ...recordOf(end), phase: 'switched', keptOld: context.keepsOld });
  return saySwitched(context, plan);
}

/** The record with the proven revision, for the next switch. */
const recordOf = ({ record, lastSeen: { proven } }: SwitchContext): SwitchRecord => ({ ...record, proven });

/** A run that was interrupted, or has lost the Lease, changes nothing more: the next run continues. */
async function afterFailure(
  { context, part, cause }: StepFailed,
  plan: Step[],
  { operation, lock }: Job,
): Promise<SwitchResult> {
  const index = plan.findIndex((step) => step === part);
  const isEnd = cause instanceof InterruptedError || context.signal.aborted;
  const goesBack = plan[index]?.onFailure === 'undo' || cause instanceof NotServingError;
  if (isEnd || !goesBack) return sayStopped(context, cause);
  let end: SwitchContext;
  try {
    end = await rollBack(context, operation.planWayBack(plan.slice(0, index + 1), context));
  } catch (error) {
    const last = error instanceof StepFailed ? error.context : context;
    return sayStopped(last, cause, `Rolling back stopped too: ${messageOf(error)}`);
  }
  await lock.finish({ ...recordOf(end), phase: 'undone' });
  return sayUndone(context, cause);
}

/** Rolls back. A candidate that `--keep-failed` leaves still belongs to the switch. */
async function rollBack(context: SwitchContext, plan: readonly NamedPart[]): Promise<SwitchContext> {
  const { options, record, to } = context;
  const isLeft = options.keepFailed === true && record.before?.deployment !== true;
  const end = await runBack(context, plan);
  await releaseFields(end, { except: isLeft ? to : undefined });
  return end;
}

/** Rolls back the whole switch; past the point of no return finishes it instead. */
export async function undo(context: SwitchContext, job: Job): Promise<SwitchResult> {
  const { operation } = job;
  let end: SwitchContext;
  try {
    end = await rollBack(context, operation.planUndo(context));
  } catch (error) {
    const cause = error instanceof StepFailed ? error.cause : error;
    if (!(cause instanceof PointOfNoReturnError)) throw error;
    // Past the point of no return: finish.
    context.reporter.note(`${context.words.tooLate(context)} is finished instead of undone`);
    const result = await goOn(context, operation.planToTheEnd(), job);
    return { ...result, ok: false, error: messageOf(cause) };
  }
  await job.lock.finish({ ...recordOf(end), phase: 'undone' });
  return sayUndone(context);
}
