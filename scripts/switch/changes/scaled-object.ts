/**
 * KEDA's ScaledObjects of the resource set `version`, one for each version. A version without traffic has no
 * load, so its ScaledObject is paused at the size that it needs until the traffic has moved.
 * https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling
 */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import type { SwitchContext } from '../context.ts';
import { patchOf } from './change.ts';
import type { Change } from './change.ts';
import { listIfThere } from './list-if-there.ts';
import { renderVersion } from './render-version.ts';

export const scaledObjects: Resource = {
  group: 'keda.sh',
  version: 'v1alpha1',
  plural: 'scaledobjects',
  kind: 'ScaledObject',
  namespaced: true,
};

/** KEDA's own: the size at which it stops to scale. */
export const PAUSED_REPLICAS = 'autoscaling.keda.sh/paused-replicas';
/** KEDA's own: it stops to scale at whatever size there is. */
const PAUSED = 'autoscaling.keda.sh/paused';
/** Remembers that the pause is the switch's, and at which size. */
export const PAUSE_ANNOTATION = 'zero-downtime/paused-replicas';
/** KEDA's default of `maxReplicaCount`. */
const DEFAULT_MAXIMUM = 100;

export interface ScaledObject extends KubernetesObject {
  spec?: { scaleTargetRef?: { kind?: string; name?: string }; maxReplicaCount?: number };
}

type Templates = Pick<SwitchContext, 'options' | 'app'>;
type Context = Templates & Pick<SwitchContext, 'cluster' | 'signal' | 'from' | 'to'>;

export const isScaledObject = ({ kind, apiVersion = '' }: KubernetesObject): boolean =>
  kind === scaledObjects.kind && apiVersion.startsWith(`${scaledObjects.group}/`);

/** Whether it scales the Deployment: KEDA's default kind. */
export function scales({ spec }: ScaledObject, deployment: string): boolean {
  const { kind = 'Deployment', name } = spec?.scaleTargetRef ?? {};
  return kind === 'Deployment' && name === deployment;
}

/** Those that the set makes for a version, as their author means them; none where it cannot be rendered. */
export async function scaledObjectsOf({ options, app }: Templates, version: string): Promise<ScaledObject[]> {
  // Rendered without a size of ours: the minimum its author meant.
  const rendered = await renderVersion(options, { app, version }).catch(() => undefined);
  return (rendered?.others ?? []).filter(isScaledObject);
}

/** The size that it lets the switch have at most; undefined where its author pauses it at any. */
export function allowedSize({ metadata: { annotations = {} }, spec }: ScaledObject): number | undefined {
  const paused = annotations[PAUSED_REPLICAS];
  if (paused !== undefined && annotations[PAUSE_ANNOTATION] !== paused) return Number(paused);
  return annotations[PAUSED] === 'true' ? undefined : (spec?.maxReplicaCount ?? DEFAULT_MAXIMUM);
}

/** The same, paused at `size` pods; unchanged where it is held at so many, or paused by its author. */
export function withPause(scaled: ScaledObject, size: number): ScaledObject {
  const { metadata } = scaled;
  const { annotations = {} } = metadata;
  const ours = annotations[PAUSE_ANNOTATION];
  const isHeld = ours !== undefined && annotations[PAUSED_REPLICAS] === ours;
  const isPaused = annotations[PAUSED_REPLICAS] !== undefined || annotations[PAUSED] === 'true';
  if (isPaused && !isHeld) return scaled;
  const wanted = Math.min(size, scaled.spec?.maxReplicaCount ?? DEFAULT_MAXIMUM);
  if (isHeld && Number(ours) >= wanted) return scaled;
  const text = String(wanted);
  const held = { ...annotations, [PAUSED_REPLICAS]: text, [PAUSE_ANNOTATION]: text };
  return { ...scaled, metadata: { ...metadata, annotations: held } };
}

/** The changes that keep the ScaledObjects of a Deployment from shrinking it below `size`. */
export async function pauseAt(context: Context, deployment: string, size: number): Promise<Change[]> {
  const live = (await listed(context)).filter((one) => scales(one, deployment));
  if (live.length === 0) return [];
  const { from, to } = context;
  const own = (await Promise.all([from, to].map((version) => scaledObjectsOf(context, version)))).flat();
  const names = new Set(own.map(({ metadata }) => metadata.name));
  return live.flatMap((before) => {
    const wanted = names.has(before.metadata.name) ? withPause(before, size) : before;
    if (wanted === before) return [];
    const { annotations = {} } = wanted.metadata;
    const held = {
      [PAUSED_REPLICAS]: annotations[PAUSED_REPLICAS],
      [PAUSE_ANNOTATION]: annotations[PAUSE_ANNOTATION],
    };
    return [patchOf(scaledObjects, before, { metadata: { annotations: held } })];
  });
}

/** The changes that end the switch's pauses of a Deployment, and nobody else's. They need no template. */
export async function resume(
  context: Pick<Context, 'cluster' | 'signal'>,
  deployment: string,
): Promise<Change[]> {
  const live = (await listed(context)).filter((one) => scales(one, deployment));
  return live.flatMap((before) => {
    const { annotations = {} } = before.metadata;
    const ours = annotations[PAUSE_ANNOTATION];
    if (ours === undefined) return [];
    // Somebody who has paused it at another size meanwhile means it.
    const pause = annotations[PAUSED_REPLICAS] === ours ? { [PAUSED_REPLICAS]: null } : {};
    return [
      patchOf(scaledObjects, before, { metadata: { annotations: { ...pause, [PAUSE_ANNOTATION]: null } } }),
    ];
  });
}

/** Those of the candidate that are to be made, paused from the first. */
export async function missingPaused(
  context: Context,
  {
    name,
    replicas,
    isTold,
  }: { name: string; replicas: number; /** Made, or told anew: all. */ isTold: boolean },
): Promise<ScaledObject[]> {
  const own = (await scaledObjectsOf(context, context.to)).filter((one) => scales(one, name));
  const there =
    isTold || own.length === 0 ? [] : (await listed(context)).map(({ metadata }) => metadata.name);
  const missing = own.filter(({ metadata }) => !there.includes(metadata.name));
  return missing.map((one) => withPause(one, replicas));
}

const listed = ({ cluster, signal }: Pick<Context, 'cluster' | 'signal'>) =>
  listIfThere<ScaledObject>(cluster, scaledObjects, signal);
