/** The dry run: the same steps, each on the cluster as the steps before it would leave it. */
import { ClusterError } from '../shared/cluster/errors.ts';
import { messageOf } from '../shared/errors.ts';
import type { Change } from './changes/change.ts';
import { describeChange } from './changes/describe-change.ts';
import { createOverlay } from './changes/overlay.ts';
import type { Overlay } from './changes/overlay.ts';
import type { SwitchContext, Work } from './context.ts';
import type { Operation } from './operation.ts';
import { sayPlanned } from './say.ts';
import { knowingOf, phasesOf } from './step.ts';
import type { NamedPart } from './step.ts';
import type { SeenObject } from './routing/traffic-routing.ts';
import { PointOfNoReturnError } from './steps/restore-old-capacity.ts';
import type { PlannedStep, SwitchResult } from './types.ts';

/** Prints the plan, and returns it with the result. */
export async function sayPlan(
  context: SwitchContext,
  { kind }: Work,
  operation: Operation,
): Promise<SwitchResult> {
  const plan = await plannedSteps(context, kind, operation);
  for (const [index, { title, changes, proof }] of plan.entries()) {
    context.reporter.note(`${index + 1}. ${title}`);
    for (const line of changes.length > 0 ? changes : ['changes nothing'])
      context.reporter.note(`   ${line}`);
    context.reporter.note(`   proof: ${proof}`);
  }
  return { ...(await sayPlanned(context, kind === 'undo')), plan };
}

async function plannedSteps(
  context: SwitchContext,
  kind: Work['kind'],
  operation: Operation,
): Promise<PlannedStep[]> {
  if (kind === 'switch') return describePlan(context, operation.plan(context));
  try {
    return await describePlan(context, operation.planUndo(context));
  } catch (error) {
    if (!(error instanceof PointOfNoReturnError)) throw error;
    context.reporter.note(`${context.words.tooLate(context)} would be finished instead of undone`);
    return describePlan(context, operation.planToTheEnd());
  }
}

/** The title of each step, the difference of each object that it would write, and its claim. */
export async function describePlan(
  context: SwitchContext,
  plan: readonly NamedPart[],
): Promise<PlannedStep[]> {
  const overlay = createOverlay(context.cluster, context.signal);
  let next: SwitchContext = { ...context, cluster: overlay.cluster };
  const planned: PlannedStep[] = [];
  for (const part of plan) {
    const title = part.title(next);
    const lines: string[] = [];
    const claims: string[] = [];
    for (const phase of phasesOf(part)) {
      const changes = (await phase.changes?.(next)) ?? [];
      const written: SeenObject[] = [];
      for (const change of changes) {
        const { object, text } = await lay(overlay, change);
        lines.push(...text);
        const { resource, verb, before } = change;
        if (object !== undefined) written.push({ resource, object });
        if (verb === 'delete' && before !== undefined) written.push({ resource, object: before, gone: true });
      }
      next = { ...next, lastSeen: next.lastSeen.with(written) };
      const claim = phase.claim?.(next, changes);
      claims.push(claim?.text ?? '');
      next = knowingOf(next, claim);
    }
    const proof = claims.filter((text) => text !== '').join('; then ');
    planned.push({ name: part.name, title, changes: lines, proof });
  }
  return planned;
}

async function lay(overlay: Overlay, change: Change): Promise<{ object: Change['after']; text: string[] }> {
  try {
    const object = await overlay.add(change);
    return { object, text: describeChange(change, object) };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status < 400 || error.status >= 500) throw error;
    const which = `${change.resource.kind} ${change.name}`;
    return { object: undefined, text: [`${which}: the API server would refuse it: ${messageOf(error)}`] };
  }
}
