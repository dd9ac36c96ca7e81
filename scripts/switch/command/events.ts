/** Kubernetes Events for each step, on the object it is about: `kubectl describe` and the cluster's own history show what the switch did. */
import { withTimeout } from '../../shared/clock.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { printable } from '../../shared/printable.ts';
import { resources } from '../../shared/resources.ts';
import type { SwitchContext } from '../types.ts';

const COMPONENT = 'zero-downtime-switch';
/** An Event is a courtesy: a switch does not wait longer for it, in milliseconds. */
const PATIENCE_MS = 2000;
/** What the API server takes in `message`. */
const LONGEST = 1024;

export interface StepEvent {
  /** The step's name, `undo-…` when it was taken back. */
  step: string;
  title: string;
  detail: string;
  ok: boolean;
}

/** Writes one Event. Whatever goes wrong with it is nobody's trouble. */
export async function recordEvent(context: SwitchContext, event: StepEvent): Promise<void> {
  const { options } = context;
  // Preflight and a dry run change nothing, and this would be a change.
  if (!options.events || options.dryRun || event.step === 'preflight') return;
  try {
    await withTimeout(context.clock, PATIENCE_MS, (signal) => writeEvent(context, event, signal));
  } catch {
    // The switch itself says on the terminal and in its record what it did.
  }
}

async function writeEvent(context: SwitchContext, event: StepEvent, signal: AbortSignal): Promise<void> {
  const { cluster, namespace, from, to, clock, createId } = context;
  const about = await subjectOf(context, event.step, signal);
  const { name, uid, resourceVersion } = about.metadata;
  const now = clock
    .date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
  await cluster.create<KubernetesObject>(
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${createId(8)}`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        namespace,
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      type: event.ok ? 'Normal' : 'Warning',
      reason: event.ok ? 'SwitchStepDone' : 'SwitchStepFailed',
      message: printable(`${from} to ${to}: ${event.title}: ${event.detail}`).slice(0, LONGEST),
      source: { component: COMPONENT },
      reportingComponent: COMPONENT,
      reportingInstance: COMPONENT,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    },
    { signal },
  );
}

async function subjectOf(
  { cluster, app, from, to, known }: SwitchContext,
  step: string,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  const { virtualService, destinationRule } = known;
  if (step.endsWith('subset'))
    return { ...destinationRule, apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule' };
  const name = { 'deploy-version': `${app}-${to}`, 'undo-delete-old': `${app}-${from}` }[step];
  if (name !== undefined) {
    const deployments = await cluster.list<Deployment>(resources.deployments, { signal });
    const found = deployments.find(({ metadata }) => metadata.name === name);
    if (found) return { ...found, apiVersion: 'apps/v1', kind: 'Deployment' };
  }
  return { ...virtualService, apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' };
}
