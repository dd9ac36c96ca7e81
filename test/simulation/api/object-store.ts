/**
 * What an API server keeps, and the rules by which it changes:
 * resource versions, generations, uids, preconditions.
 */
import { ClusterError } from '../../../scripts/shared/cluster/errors.ts';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { mergePatch } from '../../../scripts/shared/merge-patch.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import { freeze, isSame, matchesSelector } from './values.ts';

/** Undefined: there was none before, or there is none after. */
export interface Change {
  resource: Resource;
  before: KubernetesObject | undefined;
  after: KubernetesObject | undefined;
}

export interface Place {
  resource: Resource;
  namespace: string;
  name: string;
}

export interface ObjectStore {
  get(place: Place): KubernetesObject | undefined;
  /** Of one namespace, or of all when it is undefined. */
  list(resource: Resource, namespace?: string, labelSelector?: string): KubernetesObject[];
  create(resource: Resource, object: KubernetesObject): KubernetesObject;
  replace(place: Place, object: KubernetesObject): KubernetesObject;
  patch(place: Place, patch: Record<string, unknown>): KubernetesObject;
  apply(place: Place, object: KubernetesObject, manager: string): KubernetesObject;
  /** False when there was no such object. */
  delete(place: Place, uid?: string): boolean;
  /** Hears of every change, in order. */
  watch(listener: (change: Change) => void): void;
}

export function createObjectStore(): ObjectStore {
  const kinds = new Map<string, Map<string, KubernetesObject>>();
  const listeners: ((change: Change) => void)[] = [];
  let version = 1000;
  let born = 0;

  const objectsOf = ({ plural }: Resource) => {
    const found = kinds.get(plural) ?? new Map<string, KubernetesObject>();
    kinds.set(plural, found);
    return found;
  };
  const keyOf = ({ namespace, name }: Place) => `${namespace}/${name}`;
  const get = (place: Place) => objectsOf(place.resource).get(keyOf(place));
  const need = (place: Place) => {
    const found = get(place);
    if (found === undefined) throw notFound(place);
    return found;
  };

  function put(place: Place, before: KubernetesObject | undefined, wanted: KubernetesObject) {
    const specChanged = before?.['spec'] !== wanted['spec'] && !isSame(before?.['spec'], wanted['spec']);
    const generation = (before?.metadata.generation ?? 0) + (specChanged ? 1 : 0);
    const metadata = {
      ...wanted.metadata,
      name: place.name,
      namespace: place.namespace,
      uid: before?.metadata.uid ?? `uid-${(born += 1)}`,
      generation: Math.max(1, generation),
    };
    if (before && isUnchanged(before, { ...wanted, metadata })) return before;
    const after = freeze({
      ...wanted,
      metadata: { ...metadata, resourceVersion: String((version += 1)) },
    });
    objectsOf(place.resource).set(keyOf(place), after);
    for (const listener of listeners) listener({ resource: place.resource, before, after });
    return after;
  }

  return {
    get,
    list(resource, namespace, labelSelector) {
      return [...objectsOf(resource).values()].filter(
        ({ metadata }) =>
          (namespace === undefined || metadata.namespace === namespace) &&
          matchesSelector(metadata.labels, labelSelector),
      );
    },
    create(resource, object) {
      const { name, namespace = '' } = object.metadata;
      const place = { resource, namespace, name };
      if (get(place)) throw refused(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`);
      return put(place, undefined, object);
    },
    replace(place, object) {
      const before = need(place);
      verifyVersion(place, before, object.metadata.resourceVersion);
      return put(place, before, object);
    },
    patch(place, patch) {
      const before = need(place);
      const { resourceVersion } = (patch['metadata'] ?? {}) as { resourceVersion?: string };
      verifyVersion(place, before, resourceVersion);
      return put(place, before, mergePatch(before, patch) as KubernetesObject);
    },
    apply(place, object, manager) {
      const before = get(place);
      const merged = mergePatch(before ?? {}, object) as KubernetesObject;
      const managedFields = [{ manager, operation: 'Apply' }];
      return put(place, before, { ...merged, metadata: { ...merged.metadata, managedFields } });
    },
    delete(place, uid) {
      const before = get(place);
      if (before === undefined) return false;
      if (uid !== undefined && before.metadata.uid !== uid)
        throw refused(409, 'Conflict', `the UID in the precondition (${uid}) is not that of ${place.name}`);
      objectsOf(place.resource).delete(keyOf(place));
      version += 1;
      for (const listener of listeners) listener({ resource: place.resource, before, after: undefined });
      return true;
    },
    watch: (listener) => void listeners.push(listener),
  };
}

/** Whether a write changes anything. What a patch does not touch is the very same value. */
function isUnchanged(before: KubernetesObject, wanted: KubernetesObject): boolean {
  const { resourceVersion } = before.metadata;
  const metadata = { ...wanted.metadata, resourceVersion };
  return (
    Object.keys(before).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(
      ([key, value]) => value === before[key] || isSame(key === 'metadata' ? metadata : value, before[key]),
    )
  );
}

function verifyVersion({ resource, name }: Place, { metadata }: KubernetesObject, wanted?: string): void {
  if (wanted !== undefined && wanted !== metadata.resourceVersion)
    throw refused(409, 'Conflict', `the object ${resource.plural} "${name}" has been modified`);
}

function notFound({ resource, name }: Place): ClusterError {
  return refused(404, 'NotFound', `${resource.plural} "${name}" not found`);
}

function refused(status: number, reason: string, message: string): ClusterError {
  return new ClusterError(`${status} ${reason}: ${message}`, { status, reason });
}
