/** One run of the switch: reads where things stand, decides, takes the lock, runs what is left of the plan, and says where things stand then. */
import { systemClock } from '../shared/clock.ts';
import { InterruptedError, UsageError, messageOf } from '../shared/errors.ts';
import { describeLive } from './cluster-state/describe-serving.ts';
import { releaseFields } from './changes/release-fields.ts';
import { combineReporters } from './command/combine-reporters.ts';
import { createContext } from './context.ts';
import type { Run, SwitchContext, Work } from './context.ts';
import { sayPlan } from './dry-run.ts';
import { createId } from '../shared/create-id.ts';
import { createLock } from './lock/lock.ts';
import type { Lock } from './lock/lock.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import type { Operation } from './operation.ts';
import { StepFailed } from './perform.ts';
import { verifyVersionName } from './preflight/version-name.ts';
import { createMesh } from './proofs/mesh.ts';
import { NotServingError } from './proofs/still-serving.ts';
import { foreignEdit } from './prove-watched.ts';
import { runBack } from './run-back.ts';
import { runForward } from './run-forward.ts';
import { sayBeginning, sayEnd, sayStopped, saySwitched, sayUndone } from './say.ts';
import type { NamedPart, Step } from './step.ts';
import { PointOfNoReturnError } from './steps/restore-old-capacity.ts';
import { switchOperation } from './switch-operation.ts';
import type { Reporter, SwitchOptions, SwitchResult } from './types.ts';

/** Never throws for what happens in the cluster: that is in the result. Throws for wrong usage, and when the cluster cannot be read at all. */
export function runSwitch(options: SwitchOptions, listener: Reporter): Promise<SwitchResult> {
  return runOperation(switchOperation, options, listener);
}

/** What is done, and by which lock this run is the only one that does it. */
interface Job {
  operation: Operation;
  lock: Lock;
}

/** The same for whatever operation. */
export async function runOperation(
  operation: Operation,
  options: SwitchOptions,
  listener: Reporter,
): Promise<SwitchResult> {
  if (options.to !== undefined) verifyVersionName(options.to);
  const { cluster, clock = systemClock, istioNamespace = 'istio-system' } = options;
  // Events are a courtesy: nothing waits for them but the end of the run.
  const background: Promise<void>[] = [];
  const lock = createLock();
  const run: Run = {
    options,
    cluster,
    clock,
    createId: options.createId ?? createId,
    mesh: createMesh(cluster, { clock, istioNamespace }),
    reporter: combineReporters(listener),
    signal: options.signal ? AbortSignal.any([options.signal, lock.lost]) : lock.lost,
    words: operation.words,
    readState: () => operation.readState(cluster, options.app),
    whoServes: () => operation.whoServes(cluster, options.app),
    renewLease: () => lock.renew(),
    inBackground: (work) => void background.push(work),
    steps: [],
    startedMs: clock.now(),
  };
  try {
    return await readAndDecide(run, { operation, lock });
  } finally {
    run.mesh.close();
    await Promise.all([lock.release(), ...background]);
  }
}

async function readAndDecide(run: Run, job: Job): Promise<SwitchResult> {
  const { options } = run;
  const { operation, lock } = job;
  const state = await run.readState().catch((error: unknown) => operation.explainMissingRights(run, error));
  const decision = operation.decide(state, options);
  if (decision.kind === 'nothing') {
    const { live, message } = decision;
    return sayEnd(run, { from: live, to: options.to ?? live, outcome: 'already-there', ok: true, message });
  }
  if (decision.kind === 'refuse')
    return sayRefused(run, { from: undefined, to: options.to }, decision.message);
  sayBeginning(run, decision);
  const context = createContext(run, state, decision);
  try {
    if (decision.kind === 'switch') await runForward(context, [operation.preflight]);
    else for (const note of await operation.lookBeforeUndo(context, state)) run.reporter.note(note);
    if (options.dryRun) return await sayPlan(context, decision, operation);
    await lock.take(run);
    return await runLocked(run, decision, job);
  } catch (error) {
    // Outside of any step too: the record could not be read or written. Where things stand is still to be said.
    return stop(context, error);
  }
}

async function runLocked(run: Run, work: Work, job: Job): Promise<SwitchResult> {
  const { options } = run;
  const { operation, lock } = job;
  // Between the look and the Lease somebody may have finished another switch.
  const state = await run.readState();
  const again = operation.decide(state, options);
  if (again.kind !== work.kind || again.from !== work.from || again.to !== work.to) {
    const message = `Things changed while this run waited for its turn (${describeLive(state.live)} serves now). Nothing was changed; run it again.`;
    return sayRefused(run, work, message);
  }
  const context = createContext(run, state, again);
  await lock.write({ ...context.record, phase: work.kind === 'undo' ? 'undoing' : 'running' });
  if (work.kind === 'undo') return undo(context, job);
  const plan = operation.plan(context);
  return goOn(context, options.arrange?.(plan) ?? plan, job);
}

async function goOn(context: SwitchContext, plan: Step[], job: Job): Promise<SwitchResult> {
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

/** With what is known for the next switch. */
const recordOf = ({ record, lastSeen: { proven } }: SwitchContext): SwitchRecord => ({ ...record, proven });

/** Interrupted, or no longer the only operator, a run leaves everything as it is for the next one. */
async function afterFailure(
  failed: StepFailed,
  plan: Step[],
  { operation, lock }: Job,
): Promise<SwitchResult> {
  const { context, cause } = failed;
  const index = plan.findIndex((step) => step === failed.part);
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

/** A candidate that is left for a look at it stays the switch's own. */
async function rollBack(context: SwitchContext, plan: readonly NamedPart[]): Promise<SwitchContext> {
  const { options, record, to } = context;
  const isLeft = options.keepFailed === true && record.before?.deployment !== true;
  const end = await runBack(context, plan);
  await releaseFields(end, { except: isLeft ? to : undefined });
  return end;
}

async function undo(context: SwitchContext, job: Job): Promise<SwitchResult> {
  const { operation } = job;
  let end: SwitchContext;
  try {
    end = await rollBack(context, operation.planUndo(context));
  } catch (error) {
    const cause = error instanceof StepFailed ? error.cause : error;
    if (!(cause instanceof PointOfNoReturnError)) throw error;
    // Too late to go back: leave nothing half done.
    context.reporter.note(`${context.words.tooLate(context)} is finished instead of undone`);
    const result = await goOn(context, operation.planToTheEnd(), job);
    return { ...result, ok: false, error: messageOf(cause) };
  }
  await job.lock.finish({ ...recordOf(end), phase: 'undone' });
  return sayUndone(context);
}

function stop(context: SwitchContext, error: unknown): Promise<SwitchResult> {
  if (error instanceof UsageError) throw error;
  if (error instanceof StepFailed) return sayStopped(error.context, error.cause);
  const cause: unknown = context.signal.aborted ? context.signal.reason : error;
  return sayStopped(context, cause, messageOf(error).replace(/\.$/, ''));
}

function sayRefused(
  run: Run,
  { from, to }: Pick<SwitchResult, 'from' | 'to'>,
  message: string,
): Promise<SwitchResult> {
  return sayEnd(run, { from, to, outcome: 'stopped', ok: false, message, error: message });
}
