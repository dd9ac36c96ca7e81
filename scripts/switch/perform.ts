/** Performs one step or its roll back: writes the changes, proves the claim, reports both. */
import { UsageError, messageOf } from '../shared/errors.ts';
import { applyChanges } from './changes/apply-change.ts';
import { recordEvent } from './command/events.ts';
import type { SwitchContext } from './context.ts';
import type { Proof } from './proofs/prove-everywhere.ts';
import { proveWatched } from './prove-watched.ts';
import { knowingOf, phasesOf } from './step.ts';
import type { NamedPart, Proven, Step } from './step.ts';
import type { StepReport } from './types.ts';

/** A step failed or was interrupted; `cause` is the reason. Its writes are not undone here. */
export class StepFailed extends Error {
  readonly part: NamedPart;
  /** The context with the objects as last seen. */
  readonly context: SwitchContext;

  constructor(part: NamedPart, context: SwitchContext, cause: unknown) {
    super(messageOf(cause), { cause });
    this.part = part;
    this.context = context;
  }
}

/**
 * Returns the context for the next step.
 * @throws StepFailed
 */
export async function perform(context: SwitchContext, part: NamedPart): Promise<SwitchContext> {
  const { reporter, signal, clock, steps } = context;
  const { name } = part;
  const title = part.title(context);
  const started = clock.now();
  const about = aboutOf(context, part);
  reporter.stepStarted(title, name, about.subject);
  const report = (detail: string, { proxies, slowest }: Proof = { proxies: 0, slowest: undefined }) => ({
    name,
    ...about,
    durationMs: Math.round(clock.now() - started),
    proxies,
    slowest,
    detail,
  });
  try {
    const { next, proven } = await runPhases(context, part);
    const { detail, proof, notes = [] } = proven;
    const done: StepReport = { ...report(detail, proof), requests: proof?.requests };
    steps.push(notes.length > 0 ? { ...done, notes } : done);
    reporter.stepDone(detail, { durationMs: done.durationMs, requests: done.requests });
    for (const note of notes) reporter.note(note);
    context.inBackground(recordEvent(next, { part, title, detail, ok: true }));
    return { ...next, watch: proven.watch };
  } catch (error) {
    const { context: last, cause } = error instanceof StepFailed ? error : { context, cause: error };
    const failure: unknown = signal.aborted ? signal.reason : cause;
    if (failure instanceof UsageError) throw failure;
    const detail = messageOf(failure);
    steps.push(report(detail));
    reporter.stepFailed(detail);
    context.inBackground(recordEvent(last, { part, title, detail, ok: false }));
    throw new StepFailed(part, last, failure);
  }
}

async function runPhases(
  context: SwitchContext,
  part: NamedPart,
): Promise<{ next: SwitchContext; proven: Proven }> {
  let next = context;
  let proven: Proven = { detail: '' };
  try {
    for (const phase of phasesOf(part)) {
      next.signal.throwIfAborted();
      const changes = (await phase.changes?.(next)) ?? [];
      if (phase === part && part.warning) next.reporter.note(part.warning(next));
      next = { ...next, lastSeen: next.lastSeen.with(await applyChanges(next, changes)) };
      const { claim, shown } = await proveWatched(next, phase, changes);
      next = knowingOf(next, claim);
      if (phase === part && shown) proven = shown;
    }
    return { next, proven };
  } catch (error) {
    throw new StepFailed(part, next, error);
  }
}

function aboutOf(context: SwitchContext, part: NamedPart): Pick<StepReport, 'subject' | 'share'> {
  if (part.changesNothing) return {};
  const subject = part.subject?.(context) ?? context.lastSeen.routesName;
  const { share } = part as Partial<Step>;
  return { subject, ...(share === undefined ? {} : { share }) };
}
