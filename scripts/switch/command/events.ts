/** Writes a Kubernetes Event for each step, on the step's object: `kubectl describe` shows it. */
import { withTimeout } from '../../shared/clock.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { printable } from '../../shared/printable.ts';
import { resources } from '../../shared/resources.ts';
import type { SwitchContext } from '../context.ts';
import type { NamedPart } from '../step.ts';
import type { Subject } from '../types.ts';

const COMPONENT = 'zero-downtime-switch';
/** Timeout of an Event, in milliseconds: Events are best effort. */
const PATIENCE_MS = 2000;
/** The longest `message` that the API server takes, in characters. */
const LONGEST = 1024;

export interface StepEvent {
  /** The step, or its roll back. */
  part: NamedPart;
  title: string;
  detail: string;
  ok: boolean;
}

/** Writes one Event. Best effort: its errors are ignored. */
export async function recordEvent(context: SwitchContext, event: StepEvent): Promise<void> {
  const { options } = context;
  // Neither a dry run nor a step without changes writes an Event.
  if (!options.events || options.dryRun || event.part.changesNothing) return;
  try {
    await withTimeout(context.clock, PATIENCE_MS, (signal) => writeEvent(context, event, signal));
  } catch {
    // Ignored: the terminal and the record have the same information.
  }
}

async function writeEvent(context: SwitchContext, event: StepEvent, signal: AbortSignal): Promise<void> {
  const { cluster, namespace, from, to, clock, createId } = context;
  const about = await subjectOf(context, event.part, signal);
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

/** Finds the step's object: as it was last seen, else as it is now. */
async function subjectOf(
  context: SwitchContext,
  part: NamedPart,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  const { cluster, lastSeen } = context;
  const subject = part.subject?.(context) ?? lastSeen.routesName;
  const named = ({ kind, name }: Subject) =>
    lastSeen.objects.find(({ resource, object }) => resource.kind === kind && object.metadata.name === name)
      ?.object;
  const seen = named(subject);
  if (seen !== undefined) return seen;
  const deployments = await cluster.list<Deployment>(resources.deployments, { signal });
  const found = deployments.find(({ metadata }) => metadata.name === subject.name);
  if (found) return { ...found, apiVersion: 'apps/v1', kind: 'Deployment' };
  const routes = named(lastSeen.routesName);
  if (routes === undefined) throw new CommandError(`nothing is named ${subject.name}`);
  return routes;
}
