/** One write to one object. A step decides it, a run applies it, a dry run prints it. */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import { mergePatch } from '../../shared/merge-patch.ts';

export interface Change {
  /** `keep`: nothing is written, and the user is told why. */
  verb: 'apply' | 'patch' | 'delete' | 'keep';
  resource: Resource;
  name: string;
  namespace?: string | undefined;
  /** The object as it was read; undefined where there is none. */
  before: KubernetesObject | undefined;
  /** The object as it is to be; undefined where it is to be deleted. */
  after: KubernetesObject | undefined;
  /** The JSON merge patch between the two. */
  patch?: Record<string, unknown>;
  /**
   * The field of `spec` that is written only while the spec is still that of `before`: an edit stops the
   * switch.
   */
  guarded?: string;
  /** Delete only the object with this uid. */
  uid?: string | undefined;
  /** Printed below the difference. */
  remarks?: readonly string[];
}

/** A server-side apply. @param before the object as it exists; undefined where it does not */
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

/** Writes one field of a spec; refused where somebody else has edited the spec meanwhile. */
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
