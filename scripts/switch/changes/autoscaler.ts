/**
 * The autoscalers of a version. Each version is a Deployment and has its own. A Deployment without traffic
 * looks idle and would be scaled down just before it is needed. So a floor (a raised `minReplicas`) keeps its
 * size until the traffic has moved.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { findVersion, listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { patchOf } from './change.ts';
import type { Change } from './change.ts';
import { isMark } from './marks.ts';
import { renderVersion } from './render-version.ts';
import { isScaledObject, pauseAt, resume, scales } from './scaled-object.ts';

/** Annotation with the author's `minReplicas`, present while the floor is set. */
export const FLOOR_ANNOTATION = 'zero-downtime/min-replicas';

export interface Autoscaler extends KubernetesObject {
  spec: {
    scaleTargetRef: { apiVersion?: string; kind: string; name: string };
    minReplicas?: number;
    maxReplicas: number;
    [field: string]: unknown;
  };
}

type Context = Pick<SwitchContext, 'cluster' | 'signal'>;

export const isAutoscaler = (object: KubernetesObject): object is Autoscaler =>
  object.kind === 'HorizontalPodAutoscaler';

/**
 * The autoscalers of a Deployment that the switch copies, changes and deletes. One that another object
 * created (KEDA's `keda-hpa-…`) is not among them: a copy would have no owner, and the owner would revert a
 * change or a deletion.
 */
export async function autoscalersOf(
  cluster: Cluster,
  deployment: string,
  signal?: AbortSignal,
): Promise<Autoscaler[]> {
  return (await everyAutoscalerOf(cluster, deployment, signal)).filter((one) => ownerOf(one) === undefined);
}

/** All autoscalers of a Deployment, whoever owns them. */
export async function everyAutoscalerOf(
  cluster: Cluster,
  deployment: string,
  signal?: AbortSignal,
): Promise<Autoscaler[]> {
  const all = await cluster.list<Autoscaler>(resources.horizontalPodAutoscalers, { signal });
  return all.filter((autoscaler) => targets(autoscaler, deployment));
}

/** The controller. https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ */
export function ownerOf({ metadata: { ownerReferences = [] } }: KubernetesObject): Owner | undefined {
  return ownerReferences.find(({ controller }) => controller === true);
}

export type Owner = NonNullable<KubernetesObject['metadata']['ownerReferences']>[number];

export function targets({ spec: { scaleTargetRef: target } }: Autoscaler, deployment: string): boolean {
  return target.kind === 'Deployment' && target.name === deployment;
}

/** A copy of the current version's autoscaler for the candidate. Only the names differ. */
export function copyFor(
  { metadata, spec }: Autoscaler,
  { from, to, deployment }: { from: string; to: string; deployment: string },
): Autoscaler {
  const renamed = (map: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value === from ? to : value]));
  const labels = metadata.labels && Object.fromEntries(Object.entries(metadata.labels).filter(isItsOwn));
  const own = Object.entries(metadata.annotations ?? {}).filter(isItsOwn);
  const ended = metadata.name.endsWith(`-${from}`);
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: ended ? `${metadata.name.slice(0, -from.length)}${to}` : deployment,
      ...(labels ? { labels: renamed(labels) } : {}),
      ...(own.length > 0 ? { annotations: renamed(Object.fromEntries(own)) } : {}),
    },
    spec: {
      ...(renamedIn(spec, { from, to }) as Autoscaler['spec']),
      minReplicas: authorsMinimum({ metadata, spec }),
      scaleTargetRef: { ...spec.scaleTargetRef, name: deployment },
    },
  };
}

/** Renames the version in a metric, which may select one version by labels or by the object it describes. */
function renamedIn(
  value: unknown,
  names: { from: string; to: string },
  place: readonly string[] = [],
): unknown {
  const { from, to } = names;
  if (Array.isArray(value)) return value.map((item) => renamedIn(item, names, place));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, renamedIn(inner, names, [...place, key])]),
    );
  if (typeof value !== 'string') return value;
  const [parent = '', key = ''] = place.slice(-2);
  if (value === from && (parent === 'matchLabels' || key === 'values')) return to;
  const isNamed = parent === 'describedObject' && key === 'name' && value.endsWith(`-${from}`);
  return isNamed ? `${value.slice(0, -from.length)}${to}` : value;
}

/** Whether a label or an annotation is the author's, not a tool's. */
export const isItsOwn = ([key]: [string, string]) => key !== FLOOR_ANNOTATION && !isMark(key);

/** The autoscaler with a minimum of at least `size` pods; an annotation keeps the author's minimum. */
export function withFloor(autoscaler: Autoscaler, size: number): Autoscaler {
  const { metadata, spec } = autoscaler;
  const floor = Math.min(size, spec.maxReplicas);
  if ((spec.minReplicas ?? 1) >= floor) return autoscaler;
  const annotations = { ...metadata.annotations, [FLOOR_ANNOTATION]: String(authorsMinimum(autoscaler)) };
  return { ...autoscaler, metadata: { ...metadata, annotations }, spec: { ...spec, minReplicas: floor } };
}

/** The autoscaler with its author's minimum again. */
export function withoutFloor(autoscaler: Autoscaler): Autoscaler {
  const { metadata, spec } = autoscaler;
  if (metadata.annotations?.[FLOOR_ANNOTATION] === undefined) return autoscaler;
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations).filter(([key]) => key !== FLOOR_ANNOTATION),
  );
  return {
    ...autoscaler,
    metadata: { ...metadata, annotations },
    spec: { ...spec, minReplicas: authorsMinimum(autoscaler) },
  };
}

function authorsMinimum({ metadata, spec }: Pick<Autoscaler, 'metadata' | 'spec'>): number {
  return Number(metadata.annotations?.[FLOOR_ANNOTATION] ?? spec.minReplicas ?? 1);
}

/** The changes that keep the autoscalers of a Deployment from shrinking it below `size`. */
export async function holdSize(
  context: Context & Pick<SwitchContext, 'options' | 'app' | 'from' | 'to'>,
  deployment: string,
  size: number,
): Promise<Change[]> {
  const found = await autoscalersOf(context.cluster, deployment, context.signal);
  return [
    ...found.flatMap((autoscaler) => floorChange(autoscaler, withFloor(autoscaler, size))),
    ...(await pauseAt(context, deployment, size)),
  ];
}

/** The changes that restore the author's minimum of a version's autoscalers. */
export async function letGo(
  context: Context & Pick<SwitchContext, 'service' | 'lastSeen'>,
  version: string,
): Promise<Change[]> {
  const deployment = findVersion(await listVersions(context.cluster, context), version);
  if (deployment === undefined) return [];
  const { name } = deployment.metadata;
  const found = await autoscalersOf(context.cluster, name, context.signal);
  return [
    ...found.flatMap((autoscaler) => floorChange(autoscaler, withoutFloor(autoscaler))),
    ...(await resume(context, name)),
  ];
}

/** Writes only the minimum and the annotation that keeps the author's. */
function floorChange(before: Autoscaler, wanted: Autoscaler): Change[] {
  if (wanted === before) return [];
  const { annotations = {} } = wanted.metadata;
  const patch = {
    metadata: { annotations: { [FLOOR_ANNOTATION]: annotations[FLOOR_ANNOTATION] ?? null } },
    spec: { minReplicas: wanted.spec.minReplicas ?? 1 },
  };
  return [patchOf(resources.horizontalPodAutoscalers, before, patch)];
}

/**
 * The autoscalers of the candidate: those that its Deployment has, whoever owns them (`own`); else the
 * template set's, else copies of the current version's (`brought`). A Deployment that was there before the
 * switch is given none, nor is one that the set has a ScaledObject for: two would scale it.
 */
export async function candidateAutoscalers(
  context: Context & Pick<SwitchContext, 'options' | 'app' | 'from' | 'to' | 'record'>,
  { current, name }: { current: Deployment | undefined; name: string },
): Promise<{ own: Autoscaler[]; brought: Autoscaler[]; models: Autoscaler[] }> {
  const { cluster, options, app, from, to, record, signal } = context;
  const own = await everyAutoscalerOf(cluster, name, signal);
  const models = current === undefined ? [] : await autoscalersOf(cluster, current.metadata.name, signal);
  if (own.length > 0 || record.before?.deployment) return { own, brought: [], models };
  // Rendered without a size of ours: the minimum its author meant.
  const { others } = await renderVersion(options, { app, version: to });
  const authored = others.filter(isAutoscaler);
  const isScaled = authored.length > 0 || others.some((one) => isScaledObject(one) && scales(one, name));
  const copies = models.map((model) => copyFor(model, { from, to, deployment: name }));
  return { own, brought: isScaled ? authored : copies, models };
}
