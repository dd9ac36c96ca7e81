/** What a switch or an undo would do: each step with the exact change to each object and the proof it would ask for. Stores nothing. */
import { queriesFor } from './canary/prometheus-source.ts';
import { switchChanges } from './dry-run/switch-changes.ts';
import { undoChanges } from './dry-run/undo-changes.ts';
import type { UndoChanges } from './dry-run/undo-changes.ts';
import { LEAST_OLD_SAMPLE, LEAST_SAMPLE, shareOf } from './canary/canary-step.ts';
import { leavingOf } from './steps/drain-old.ts';
import type { Step, SwitchContext } from './types.ts';

export interface PlannedStep {
  /** As the step report of the run will call it. */
  name: string;
  title: string;
  /** Diff lines, object by object. */
  changes: string[];
  proof: string;
}

/** Of a step that is not known here. */
const OWN = 'what the step itself asks for';

export async function describePlan(context: SwitchContext, steps: Step[]): Promise<PlannedStep[]> {
  const changes = await switchChanges(context, steps);
  const proofs = switchProofs(context);
  return steps.map((step) => ({
    name: step.name,
    title: step.title(context),
    changes: changes.get(step.name) ?? [],
    proof: proofs[step.name] ?? (shareOf(step.name) === undefined ? OWN : canaryProof(context)),
  }));
}

/** Undefined when the old version is deleted already and there is no way back. */
export async function describeUndo(
  context: SwitchContext,
  steps: Step[],
): Promise<PlannedStep[] | undefined> {
  const undo = await undoChanges(context);
  if (undo === undefined) return undefined;
  const proofs = undoProofs(context, undo.stays);
  return steps
    .filter((step) => step.undo !== undefined)
    .map((step) => ({
      name: `undo-${step.name}`,
      title: step.undoTitle?.(context) ?? `Undo: ${step.title(context)}`,
      changes: undo.changes.get(step.name) ?? [],
      proof: proofs[step.name] ?? OWN,
    }));
}

const healthy = (version: string) =>
  `A: at every proxy ${version}'s cluster is active and its healthy endpoints are its ready pods`;
const routed = (version: string) =>
  `B: every proxy has this revision of the route, and none names ${version}`;
const quiet = (version: string, quietMs: number) =>
  `C: at no proxy a request is active or begins on ${version} for ${quietMs / 1000} s`;
const forgotten = (version: string) => `${version}'s cluster is gone from every proxy`;

function switchProofs(context: SwitchContext): Record<string, string> {
  const { from, to } = context;
  return {
    'deploy-version': 'rolled out, every pod ready, one request to each pod itself',
    'add-subset': healthy(to),
    'shift-traffic': routed(from),
    'drain-old': quiet(from, leavingOf(context, from).quietMs),
    'remove-subset': `${healthy(to)}; then ${forgotten(from)}`,
    'delete-old': `${healthy(to)}; then its pods are gone (from here on there is no way back)`,
  };
}

function undoProofs(
  context: SwitchContext,
  { route, subset, deployment }: UndoChanges['stays'],
): Record<string, string> {
  const { from, to } = context;
  const shifted = route ? 'B: every proxy has this revision of the route' : routed(to);
  return {
    'delete-old': `${from} is rolled out, every pod ready`,
    'remove-subset': healthy(from),
    'shift-traffic':
      route || (subset && deployment)
        ? shifted
        : `${shifted}; then ${quiet(to, leavingOf(context, to).quietMs)}`,
    'add-subset': subset ? `none, for ${to} stays known` : forgotten(to),
    'deploy-version': deployment ? `none, for ${to} stays` : 'its pods are gone',
  };
}

function canaryProof(context: SwitchContext): string {
  const { from, to } = context;
  return `B for this share, then at least ${LEAST_SAMPLE} answers of ${to} and ${LEAST_OLD_SAMPLE} of ${from} with no more errors and no more slow ones than ${from} (${sourceOf(context)})`;
}

function sourceOf({ options: { prometheus }, target }: SwitchContext): string {
  if (prometheus === undefined) return "as the callers' proxies count them";
  const { requests, errors, latencies } = queriesFor(target.host, 'N');
  return `as Prometheus at ${prometheus} counts them: ${requests}; ${errors}; ${latencies}`;
}
