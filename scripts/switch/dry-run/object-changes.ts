/** What a write would change in one object, as the lines of its diff. */
import { ClusterError } from '../../shared/cluster/errors.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { FLOOR_ANNOTATION } from '../changes/autoscaler.ts';
import type { Autoscaler } from '../changes/autoscaler.ts';
import { diffObjects } from '../changes/diff.ts';
import type { SwitchContext } from '../types.ts';
import { objectsOfVersion } from '../cluster-state/version-objects.ts';

/** None when both are the same. */
export function changed(kind: string, name: string, before: unknown, after: unknown): string[] {
  const lines = diffObjects(before, after);
  return lines.length > 0 ? [`${kind} ${name}`, ...lines] : [];
}

export function resized(name: string, before: number, after: number): string[] {
  return changed('Deployment', name, { spec: { replicas: before } }, { spec: { replicas: after } });
}

/** The floor under an autoscaler, set or taken away: nothing else of it is written. */
export function refloored(before: Autoscaler, after: Autoscaler): string[] {
  const floorOf = ({ metadata: { annotations = {} }, spec: { minReplicas } }: Autoscaler) => {
    const authors = annotations[FLOOR_ANNOTATION];
    const memory =
      authors === undefined ? {} : { metadata: { annotations: { [FLOOR_ANNOTATION]: authors } } };
    return { ...memory, spec: { minReplicas } };
  };
  return changed('HorizontalPodAutoscaler', before.metadata.name, floorOf(before), floorOf(after));
}

/**
 * An object that would be applied. What is there already is given to the server's own dry run, so that defaults, merged lists and fields that an
 * earlier apply of ours set come out as they would: nothing is stored. https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
 */
export async function applied(context: SwitchContext, object: KubernetesObject): Promise<string[]> {
  const { cluster, namespace, signal } = context;
  const { kind = '', metadata } = object;
  const live = await find(context, object);
  if (live === 'unseen' || live === undefined) return changed(kind, metadata.name, undefined, object);
  const { namespaced } = await cluster.resourceOf(object);
  const placed = namespaced ? { ...object, metadata: { namespace, ...metadata } } : object;
  try {
    const after = await cluster.apply(placed, { dryRun: true, force: true, signal });
    return changed(kind, metadata.name, written(live), written(after));
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status < 400 || error.status >= 500) throw error;
    return [`${kind} ${metadata.name}: the API server would refuse it: ${messageOf(error)}`];
  }
}

/** What the end of a version deletes. */
export async function deleted(
  context: SwitchContext,
  version: string,
  deployment: { name: string; pods: number } | undefined,
): Promise<string[]> {
  const own = await Promise.all(
    (await objectsOfVersion(context, version)).map(async (object) =>
      (await find(context, object)) === undefined ? [] : [`- ${object.kind ?? ''} ${object.metadata.name}`],
    ),
  );
  const { name = '', pods = 0 } = deployment ?? {};
  const first = deployment ? [`- Deployment ${name} (${pods} pod${pods === 1 ? '' : 's'})`] : [];
  return [...first, ...own.flat()];
}

/** A switch may make and delete objects that it may not read. */
async function find(
  { cluster, namespace, signal }: SwitchContext,
  object: KubernetesObject,
): Promise<KubernetesObject | 'unseen' | undefined> {
  const resource = await cluster.resourceOf(object);
  const { name, namespace: own = namespace } = object.metadata;
  try {
    return await cluster.get(resource, name, { namespace: own, signal });
  } catch (error) {
    if (error instanceof ClusterError && error.status === 403) return 'unseen';
    throw error;
  }
}

/** What the server keeps for itself. */
const KEPT = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'];

function written(object: KubernetesObject): object {
  const metadata = Object.entries(object.metadata).filter(([key]) => !KEPT.includes(key));
  return sorted({ ...object, metadata: Object.fromEntries(metadata), status: undefined }) as object;
}

/** The server may answer with the fields of an object in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([key, inner]) => [key, sorted(inner)]));
}
