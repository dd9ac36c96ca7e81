/** One run of the switch: finds out where things stand, does what is left of the plan, and says where they stand then. */
import { systemClock } from '../shared/clock.ts';
import { ClusterError } from '../shared/cluster/errors.ts';
import { formatDuration } from '../shared/duration.ts';
import { CommandError, InterruptedError, UsageError, messageOf } from '../shared/errors.ts';
import type { Deployment, VirtualService } from '../shared/kubernetes.ts';
import { resources } from '../shared/resources.ts';
import { rightsToUndo, verifyAccess } from './preflight/access.ts';
import { ForeignEditError, verifyUnchanged } from './changes/change-object.ts';
import { decide } from './decide.ts';
import type { Decision } from './decide.ts';
import { fullHost } from './routing/istio-names.ts';
import { planSwitch, planToTheEnd, planUndo } from './plan.ts';
import { describePlan, describeUndo } from './dry-run.ts';
import { combineReporters } from './command/combine-reporters.ts';
import { recordEvent } from './command/events.ts';
import { verifyWayBack } from './preflight/rights.ts';
import { createMesh } from './proofs/mesh.ts';
import type { Mesh } from './proofs/mesh.ts';
import { NotProvenError } from './proofs/prove-everywhere.ts';
import { createProver } from './proofs/prover.ts';
import { createId } from './lock/create-id.ts';
import { takeLease } from './lock/operator-lease.ts';
import type { OperatorLease } from './lock/operator-lease.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import { requestsSeen } from './proofs/requests-seen.ts';
import { findRouteHolder } from './routing/virtual-service/route-holder.ts';
import { createMarker, liveSubsets } from './routing/virtual-service/virtual-service.ts';
import { describeLive, describeServing, readState } from './cluster-state/read-state.ts';
import type { State } from './cluster-state/read-state.ts';
import { findSubset } from './routing/virtual-service/destination-rule.ts';
import { verifyVersionName } from './preflight/version-name.ts';
import { PointOfNoReturnError, deleteOld } from './steps/delete-old.ts';
import { removeSubset } from './steps/remove-subset.ts';
import { NotServingError } from './proofs/still-serving.ts';
import type {
  Known,
  Outcome,
  Reporter,
  Step,
  StepReport,
  SwitchContext,
  SwitchOptions,
  SwitchResult,
} from './types.ts';

type Work = Extract<Decision, { kind: 'switch' | 'undo' }>;

/** Never throws for what happens in the cluster: that is in the result. Throws for wrong usage, and when the cluster cannot be read at all. */
export async function runSwitch(options: SwitchOptions, listener: Reporter): Promise<SwitchResult> {
  const { cluster, app, clock = systemClock } = options;
  const started = clock.now();
  const reporter = combineReporters(listener);
  if (options.to !== undefined) verifyVersionName(options.to);
  const mesh = createMesh(cluster, {
    clock,
    ...(options.istioNamespace === undefined ? {} : { istioNamespace: options.istioNamespace }),
  });
  const steps: StepReport[] = [];
  // Events are a courtesy: nothing waits for them but the end of the run.
  const events: Promise<void>[] = [];
  const later = (event: Promise<void>) => void events.push(event);
  const finish = async (
    { from, to }: { from: string | undefined; to: string | undefined },
    { outcome, ok, message, error }: { outcome: Outcome; ok: boolean; message: string; error?: string },
    look = whoServes(cluster, app),
  ): Promise<SwitchResult> => {
    const found = await look;
    const live = found && describeLive(found);
    reporter.end(message);
    const proxies = Math.max(0, ...steps.map((step) => step.proxies));
    const requests = requestsSeen(steps);
    const durationMs = Math.round(clock.now() - started);
    return { app, from, to, outcome, ok, steps, proxies, requests, live, durationMs, message, error };
  };

  let hold: OperatorLease | undefined;
  try {
    const wish = { app, to: options.to, undo: options.undo ?? false };
    let state = await readState(cluster, app).catch(async (error: unknown) => {
      // Not only the first missing right, but all of them.
      if (error instanceof ClusterError && error.status === 403)
        await verifyAccess(cluster, options.signal, wish.undo ? { rights: rightsToUndo } : {});
      throw error;
    });
    let decision = decide(state, wish);
    if (decision.kind === 'nothing') {
      return await finish(
        { from: decision.live, to: options.to ?? decision.live },
        { outcome: 'already-there', ok: true, message: decision.message },
      );
    }
    if (decision.kind === 'refuse') {
      const { message } = decision;
      return await finish(
        { from: undefined, to: options.to },
        { outcome: 'stopped', ok: false, message, error: message },
      );
    }
    reporter.begin(headline(decision, options));
    const lost = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal;
    const plan = decision.kind === 'undo' ? planUndo() : planSwitch(options);
    const fence = async () => hold?.renew();
    let context = createContext(options, { state, decision, reporter, mesh, signal, later, fence });
    const [first, ...rest] = plan;
    if (decision.kind === 'switch' && first) {
      const failure = await runStep(context, first, steps);
      if (failure) return await stopped(context, failure);
    }
    if (decision.kind === 'undo') {
      try {
        await verifyWayBack(context, state);
      } catch (error) {
        return await stopped(context, error, messageOf(error).replace(/\.$/, ''));
      }
    }
    if (options.dryRun) return await planned(context, decision.kind === 'undo' ? plan : rest);

    try {
      hold = await takeLease(cluster, app, {
        leaseSeconds: options.leaseSeconds,
        signal,
        clock,
        identity: options.identity,
        onWait: (text) => reporter.note(text),
      });
    } catch (error) {
      return await stopped(context, signal.aborted ? signal.reason : error, messageOf(error));
    }
    hold.lost.addEventListener('abort', () => lost.abort(hold?.lost.reason));
    try {
      // Between the look and the Lease somebody may have finished another switch.
      state = await readState(cluster, app);
      const again = decide(state, wish);
      if (again.kind !== decision.kind || again.from !== decision.from || again.to !== decision.to) {
        const message = `Things changed while this run waited for its turn (${describeLive(state.live)} serves now). Nothing was changed; run it again.`;
        return await finish(decision, { outcome: 'stopped', ok: false, message, error: message });
      }
      decision = again;
      context = createContext(options, { state, decision, reporter, mesh, signal, later, fence });
      await hold.write({ ...context.record, phase: decision.kind === 'undo' ? 'undoing' : 'running' });
      return decision.kind === 'undo' ? await takeBack(context, hold, plan) : await goOn(context, hold, rest);
    } catch (error) {
      // Outside of any step: the record could not be read or written. Where things stand is still to be said.
      if (error instanceof UsageError) throw error;
      return await stopped(context, signal.aborted ? signal.reason : error, messageOf(error));
    }
  } finally {
    mesh.close();
    await Promise.all([hold?.release(), ...events]);
  }

  async function planned(context: SwitchContext, plan: Step[]): Promise<SwitchResult> {
    const undoing = options.undo ?? false;
    const back = undoing ? await describeUndo(context, plan) : undefined;
    if (undoing && back === undefined)
      reporter.note(`${context.from} is deleted already: the switch would be finished instead of undone`);
    const described = back ?? (await describePlan(context, undoing ? planToTheEnd() : plan));
    for (const [index, { title, changes, proof }] of described.entries()) {
      reporter.note(`${index + 1}. ${title}`);
      for (const line of changes.length > 0 ? changes : ['changes nothing']) reporter.note(`   ${line}`);
      reporter.note(`   proof: ${proof}`);
    }
    const message = `Nothing was changed. To do it: ${undoing ? command(options, `--to ${context.to} --undo`) : again(options, context.to)}`;
    return { ...(await finish(context, { outcome: 'planned', ok: true, message })), plan: described };
  }

  async function goOn(context: SwitchContext, held: OperatorLease, plan: Step[]): Promise<SwitchResult> {
    for (const [index, step] of plan.entries()) {
      const failure = await runStep(context, step, steps);
      if (failure === undefined) continue;
      const goesBack = step.onFailure === 'undo' || failure instanceof NotServingError;
      if (isEndOfRun(failure, context) || !goesBack) return stopped(context, failure);
      const undone = await undoSteps(context, wayBack(context, plan.slice(0, index + 1)), steps);
      if (undone) {
        return stopped(context, failure, `Taking it back stopped too: ${messageOf(undone)}`);
      }
      await held.finish({ ...context.record, phase: 'undone' });
      const message = `${context.from} still serves all traffic. When that is mended: ${again(options, context.to)}`;
      return finish(context, { outcome: 'undone', ok: false, message, error: messageOf(failure) });
    }
    const edit = await foreignEdit(context);
    if (edit !== undefined) return stopped(context, edit);
    await held.finish({ ...context.record, phase: 'switched', keptOld: options.keepOld ?? false });
    const took = formatDuration(clock.now() - started);
    return finish(context, {
      outcome: 'switched',
      ok: true,
      message: `${context.to} serves all traffic after ${took}${accountOf(steps)}. The way back: ${command(options, options.keepOld ? `--to ${context.to} --undo` : `--to ${context.from}`)}`,
    });
  }

  async function takeBack(context: SwitchContext, held: OperatorLease, plan: Step[]): Promise<SwitchResult> {
    const failure = await undoSteps(context, plan, steps);
    if (failure instanceof PointOfNoReturnError) {
      // Too late to go back: leave nothing half done.
      reporter.note(`${context.from} is deleted already: the switch is finished instead of undone`);
      const result = await goOn(context, held, planToTheEnd());
      return { ...result, ok: false, error: messageOf(failure) };
    }
    if (failure) return stopped(context, failure);
    await held.finish({ ...context.record, phase: 'undone' });
    const message = `${context.from} serves all traffic again. To try once more: ${again(options, context.to)}`;
    return finish(context, { outcome: 'undone', ok: true, message });
  }

  async function stopped(context: SwitchContext, failure: unknown, more?: string): Promise<SwitchResult> {
    const { from, to } = context;
    const live = await whoServes(cluster, app);
    const before = describeLive(liveSubsets(context.known.virtualService, context.target));
    const serving =
      live === undefined
        ? `Who serves cannot be read now; when last seen it was ${before}`
        : describeServing(live);
    const deployments = await cluster
      .list<Deployment>(resources.deployments)
      .catch((): undefined => undefined);
    const untouched =
      deployments?.every((one) => one.spec.template.metadata?.labels?.['version'] !== to) ?? false;
    const next = untouched
      ? `Try again: ${again(options, to)}`
      : `Go on with: ${again(options, to)}  or go back with: ${command(options, `--to ${to} --undo`)}`;
    const reason = more === undefined ? '' : `${more}. `;
    const message = `${reason}${serving}. ${next}`;
    return finish(
      { from, to },
      { outcome: 'stopped', ok: false, message, error: messageOf(failure) },
      Promise.resolve(live),
    );
  }
}

/** Asks for nothing but the routes: what else cannot be read at the end must not hide who serves. */
async function whoServes(cluster: SwitchOptions['cluster'], app: string): Promise<State['live'] | undefined> {
  const { namespace } = cluster;
  const target = { host: fullHost(app, namespace), namespace };
  try {
    const named = await cluster.get<VirtualService>(resources.virtualServices, app);
    if (named === undefined) return undefined;
    const { virtualService } = await findRouteHolder(cluster, named, target);
    return liveSubsets(virtualService, target);
  } catch {
    return undefined;
  }
}

async function runStep(context: SwitchContext, step: Step, steps: StepReport[]): Promise<unknown> {
  const work = async () => {
    try {
      return await step.run(context);
    } catch (error) {
      // What somebody else has written over what was to be proven no proxy can show: that is the reason then, and no proxy's fault.
      const edit = error instanceof NotProvenError ? await foreignEdit(context) : undefined;
      throw edit ?? error;
    }
  };
  return perform(context, step.name, step.title(context), work, steps);
}

/** What somebody else has changed meanwhile, as far as can be read. */
async function foreignEdit(context: SwitchContext): Promise<ForeignEditError | undefined> {
  try {
    await verifyUnchanged(context);
    return undefined;
  } catch (error) {
    return error instanceof ForeignEditError ? error : undefined;
  }
}

/** Takes steps back one after another; stops at the first that fails and gives its error. */
async function undoSteps(context: SwitchContext, plan: Step[], steps: StepReport[]): Promise<unknown> {
  // From what stands there now: an edit by somebody else may be why this is undone, and must outlive it.
  try {
    context.known = knownOf(await readState(context.cluster, context.app));
  } catch (error) {
    return error;
  }
  for (const step of plan) {
    if (step.undo === undefined) continue;
    const title = step.undoTitle?.(context) ?? `Undo: ${step.title(context)}`;
    const failure = await perform(context, `undo-${step.name}`, title, step.undo.bind(step, context), steps);
    if (failure !== undefined) return failure;
  }
  return stillAstray(context);
}

/**
 * What a failure takes back. A continued run begins with the first step again, however far the killed one had come: so all of it. Where traffic may have
 * moved, the old version's capacity comes first.
 */
function wayBack({ continued }: SwitchContext, done: Step[]): Step[] {
  if (continued || done.some(({ name }) => name === removeSubset.name)) return planUndo();
  const back = done.filter((step) => step.undo !== undefined).reverse();
  return done.some(({ movesTraffic }) => movesTraffic) ? [deleteOld, ...back] : back;
}

/** Taken back is a switch only when the old version has all the traffic: somebody else may have written the routes meanwhile. */
function stillAstray({ known, target, from }: SwitchContext): CommandError | undefined {
  const live = liveSubsets(known.virtualService, target);
  if (live.every(({ subset }) => subset === from)) return undefined;
  return new CommandError(
    `VirtualService ${known.virtualService.metadata.name} gives its traffic to ${describeLive(live)}, in routes that this switch did not write: give it to ${from} there`,
  );
}

async function perform(
  context: SwitchContext,
  name: string,
  title: string,
  work: () => ReturnType<Step['run']>,
  steps: StepReport[],
): Promise<unknown> {
  const { reporter, signal, clock } = context;
  const started = clock.now();
  reporter.stepStarted(title, name);
  try {
    signal.throwIfAborted();
    const { detail, proof, notes = [] } = await work();
    const durationMs = Math.round(clock.now() - started);
    const cost = { durationMs, requests: proof?.requests };
    const report = { name, ...cost, proxies: proof?.proxies ?? 0, slowest: proof?.slowest, detail };
    steps.push(notes.length > 0 ? { ...report, notes } : report);
    reporter.stepDone(detail, cost);
    for (const note of notes) reporter.note(note);
    context.later(recordEvent(context, { step: name, title, detail, ok: true }));
    return undefined;
  } catch (error) {
    const failure: unknown = signal.aborted ? signal.reason : error;
    if (failure instanceof UsageError) throw failure;
    steps.push({
      name,
      durationMs: Math.round(clock.now() - started),
      proxies: 0,
      slowest: undefined,
      detail: messageOf(failure),
    });
    reporter.stepFailed(messageOf(failure));
    context.later(recordEvent(context, { step: name, title, detail: messageOf(failure), ok: false }));
    return failure ?? new CommandError('stopped');
  }
}

function createContext(
  options: SwitchOptions,
  {
    state,
    decision,
    reporter,
    mesh,
    signal,
    later,
    fence,
  }: { state: State; decision: Work; reporter: Reporter; mesh: Mesh } & Pick<
    SwitchContext,
    'signal' | 'later' | 'fence'
  >,
): SwitchContext {
  const { cluster, app, clock = systemClock, createId: newId = createId } = options;
  const { from, to } = decision;
  const record: SwitchRecord = decision.record ?? {
    id: newId(),
    from,
    to,
    phase: 'running',
    startedAt: clock.date().toISOString(),
    before: {
      deployment: state.deployments.some(({ version }) => version === to),
      subset: findSubset(state.destinationRule, to) !== undefined,
    },
  };
  return {
    options,
    cluster,
    prover: options.prover ?? createProver(mesh, clock),
    mesh,
    reporter,
    app,
    namespace: cluster.namespace,
    from,
    to,
    record,
    marker: createMarker(from, to, record.id),
    target: state.target,
    service: state.service,
    stepTimeoutMs: options.stepTimeoutMs ?? 120_000,
    quietMs: options.quietMs ?? 1000,
    signal,
    clock,
    createId: newId,
    later,
    known: knownOf(state),
    continued: decision.record !== undefined,
    fence,
  };
}

function knownOf({ virtualService, roots, destinationRule }: State): Known {
  return { virtualService, roots, destinationRule };
}

/** Interrupted, or no longer the only operator: leave everything as it is for the next run. */
function isEndOfRun(failure: unknown, { signal }: SwitchContext): boolean {
  return failure instanceof InterruptedError || signal.aborted;
}

function headline({ kind, from, to, record }: Work, { app, cluster }: SwitchOptions): string {
  const what =
    kind === 'undo' ? 'Taking back the switch of' : record ? 'Continuing the switch of' : 'Switching';
  return `${what} ${app} from ${from} to ${to} (context ${cluster.context})`;
}

function accountOf(steps: StepReport[]): string {
  // Waiting until the old version is quiet takes its time by design; it is no proxy's fault.
  const slowest = steps
    .filter(({ name }) => name !== 'drain-old')
    .map((step) => step.slowest)
    .filter((entry) => entry !== undefined)
    .reduce<StepReport['slowest']>((late, entry) => (entry.ms > (late?.ms ?? -1) ? entry : late), undefined);
  const proxies = Math.max(0, ...steps.map((step) => step.proxies));
  if (slowest === undefined) return '';
  const requests = requestsSeen(steps);
  const seen = requests === undefined ? '' : `, requests seen: ${requests.toLocaleString('en-US')}`;
  return ` (${proxies} proxies proven, slowest ${slowest.proxy} ${formatDuration(slowest.ms)}${seen})`;
}

/** The same switch once more, as it was wished for. */
function again(options: SwitchOptions, to: string): string {
  return `${command(options, `--to ${to}`)}${options.sameWishes ?? ''}`;
}

function command({ app, sameCluster = '' }: SwitchOptions, flags: string): string {
  const which = app === 'coffee-shop' ? '' : ` --app ${app}`;
  return `npm run switch -- ${flags}${which}${sameCluster}`;
}
