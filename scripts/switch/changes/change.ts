/** One write to one object. A step makes it, a run applies it, a dry run shows it. */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import { mergePatch } from '../../shared/merge-patch.ts';

export interface Change {
  /** `keep`: nothing is written, and a person is told why. */
  verb: 'apply' | 'patch' | 'delete' | 'keep';
  resource: Resource;
  name: string;
  namespace?: string | undefined;
  /** As it was read; undefined where there is none. */
  before: KubernetesObject | undefined;
  /** As it is to be; undefined where it is to be gone. */
  after: KubernetesObject | undefined;
  /** The JSON merge patch between the two. */
  patch?: Record<string, unknown>;
  /** The field of `spec` that is written while the spec is that of `before`: an edit stops the switch. */
  guarded?: string;
  /** Delete only the object with this uid. */
  uid?: string | undefined;
  /** For a person, below the difference. */
  remarks?: readonly string[];
}

/** Server-side apply of an object that is there (`before`) or is not. */
export function applyOf(
  resource: Resource,
  object: KubernetesObject,
  before: KubernetesObject | undefined,
): Change {
  const { name, namespace } = object.metadata;
  return { verb: 'apply', resource, name, namespace, before, after: object };
}

export function patchOf(
  resource: Resource,
  before: KubernetesObject,
  patch: Record<string, unknown>,
): Change {
  const after = mergePatch(before, patch) as KubernetesObject;
  return { verb: 'patch', resource, name: before.metadata.name, before, after, patch };
}

/** One field of the spec of an object that nobody else may have changed meanwhile. */
export function specOf(
  resource: Resource,
  before: KubernetesObject,
  field: string,
  value: unknown,
  remarks: readonly string[] = [],
): Change {
  return { ...patchOf(resource, before, { spec: { [field]: value } }), guarded: field, remarks };
}

export function deleteOf(
  resource: Resource,
  before: KubernetesObject,
  { uid, remarks = [] }: { uid?: string | undefined; remarks?: readonly string[] } = {},
): Change {
  const { name, namespace } = before.metadata;
  return { verb: 'delete', resource, name, namespace, before, after: undefined, uid, remarks };
}

export function keepOf(resource: Resource, object: KubernetesObject, remark: string): Change {
  const { name } = object.metadata;
  return { verb: 'keep', resource, name, before: object, after: object, remarks: [remark] };
}
