/** One run: reads the state, decides, takes the lock, runs the plan, reports the state. */
import { systemClock } from '../shared/clock.ts';
import { createId } from '../shared/create-id.ts';
import { UsageError, messageOf } from '../shared/errors.ts';
import { describeLive } from './cluster-state/describe-serving.ts';
import { combineReporters } from './command/combine-reporters.ts';
import { createContext } from './context.ts';
import type { Run, SwitchContext, Work } from './context.ts';
import { sayPlan } from './dry-run.ts';
import { createLock } from './lock/lock.ts';
import type { Operation } from './operation.ts';
import { StepFailed } from './perform.ts';
import { verifyVersionName } from './preflight/version-name.ts';
import { createMesh } from './proofs/mesh.ts';
import { goOn, undo } from './run-plan.ts';
import type { Job } from './run-plan.ts';
import { runForward } from './run-forward.ts';
import { sayBeginning, sayEnd, sayRefused, sayStopped } from './say.ts';
import { switchOperation } from './switch-operation.ts';
import type { Reporter, SwitchOptions, SwitchResult } from './types.ts';
import { verifyValuesFile } from './values/write-values.ts';

/**
 * Runs a switch. Failures in the cluster are in the result and are not thrown.
 * @throws UsageError for wrong usage; the error of a failed first read of the cluster
 */
export function runSwitch(options: SwitchOptions, listener: Reporter): Promise<SwitchResult> {
  return runOperation(switchOperation, options, listener);
}

/** As `runSwitch`, for any operation. */
export async function runOperation(
  operation: Operation,
  options: SwitchOptions,
  listener: Reporter,
): Promise<SwitchResult> {
  if (options.to !== undefined) verifyVersionName(options.to);
  verifyValuesFile(options);
  const { cluster, clock = systemClock, istioNamespace = 'istio-system' } = options;
  // Events are best effort: only the end of the run waits for them.
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
    remember: (state) => operation.remember?.(state) ?? {},
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
  const context = await createContext(run, state, decision);
  try {
    if (decision.kind === 'switch') await runForward(context, [operation.preflight]);
    else for (const note of await operation.lookBeforeUndo(context, state)) run.reporter.note(note);
    if (options.dryRun) return await sayPlan(context, decision, operation);
    await lock.take(run);
    return await runLocked(run, decision, job);
  } catch (error) {
    // Also for a failure outside of a step: the result says where things stand.
    return stop(context, error);
  }
}

async function runLocked(run: Run, work: Work, job: Job): Promise<SwitchResult> {
  const { options } = run;
  const { operation, lock } = job;
  // Read again under the Lease: another switch may have ended after the first read.
  const state = await run.readState();
  const again = operation.decide(state, options);
  if (again.kind !== work.kind || again.from !== work.from || again.to !== work.to) {
    const message = `Things changed while this run waited for its turn (${describeLive(state.live)} serves now). Nothing was changed; run it again.`;
    return sayRefused(run, work, message);
  }
  const context = await createContext(run, state, again);
  await lock.write({ ...context.record, phase: work.kind === 'undo' ? 'undoing' : 'running' });
  if (work.kind === 'undo') return undo(context, job);
  const plan = operation.plan(context);
  return goOn(context, options.arrange?.(plan) ?? plan, job);
}

function stop(context: SwitchContext, error: unknown): Promise<SwitchResult> {
  if (error instanceof UsageError) throw error;
  if (error instanceof StepFailed) return sayStopped(error.context, error.cause);
  const cause: unknown = context.signal.aborted ? context.signal.reason : error;
  return sayStopped(context, cause, messageOf(error).replace(/\.$/, ''));
}
