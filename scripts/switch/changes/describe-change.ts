/** A change for the terminal: the lines of its difference. */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Change } from './change.ts';
import { diffObjects } from '../../shared/diff-objects.ts';
import { touchedBy } from '../../shared/merge-patch.ts';

/** @param after the object as the server's dry run gives it, where there was one */
export function describeChange(change: Change, after = change.after): string[] {
  const { verb, resource, name, before, remarks = [] } = change;
  const which = `${resource.kind} ${name}`;
  if (verb === 'keep') return remarks.map((remark) => `${which} ${remark}`);
  if (verb === 'delete') return [`- ${[which, ...remarks].join(' ')}`];
  const lines = differenceOf(change, after);
  if (lines.length > 0) return [which, ...lines, ...remarks.map((remark) => `  ${remark}`)];
  return verb === 'apply' && before !== undefined ? [`${which} stays as it is`] : [];
}

function differenceOf(
  { verb, before, after: asked, patch, guarded }: Change,
  after: Change['after'],
): string[] {
  if (guarded !== undefined) return diffObjects(specOf(before)[guarded], specOf(after)[guarded]);
  if (verb === 'patch') return diffObjects(touchedBy(patch, before), touchedBy(patch, after));
  return before === undefined
    ? diffObjects(undefined, asked)
    : diffObjects(withoutServers(before), withoutServers(after));
}

const specOf = (object: KubernetesObject | undefined) => (object?.['spec'] ?? {}) as Record<string, unknown>;

/** Metadata that the API server writes. */
const KEPT = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'];

/** The object with sorted fields and without the metadata that the API server writes. */
export function withoutServers(object: KubernetesObject | undefined): unknown {
  if (object === undefined) return undefined;
  const metadata = Object.entries(object.metadata).filter(([key]) => !KEPT.includes(key));
  return sorted({ ...object, metadata: Object.fromEntries(metadata), status: undefined });
}

/** Sorts fields: the API server may answer with another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([key, inner]) => [key, sorted(inner)]));
}
