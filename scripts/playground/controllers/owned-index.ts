import type { KubeObject, ObjectStore, OwnerReference, ResourceKey } from '../storage/types.ts';

/** All objects of one type by the controller that owns them, kept up to date by a watch. */
export interface OwnedIndex<T extends KubeObject> {
  owned(ownerUid: string): T[];
  /** Objects of a namespace no controller owns. */
  orphans(namespace: string): T[];
  /**
   * Calls back after every change with the owners concerned (before and after), or with none for an orphan.
   */
  onChange(listener: (object: T, owners: OwnerReference[]) => void): void;
  close(): void;
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

export function createOwnedIndex<T extends KubeObject>(
  store: ObjectStore,
  resource: ResourceKey,
): OwnedIndex<T> {
  const byOwner = new Map<string, Map<string, T>>();
  const current = new Map<string, T>();
  const listeners: ((object: T, owners: OwnerReference[]) => void)[] = [];
  const ownerKey = (object: T): string =>
    controllerOf(object)?.uid ?? `orphans/${object.metadata.namespace ?? ''}`;

  function remove(object: T): void {
    const key = ownerKey(object);
    const group = byOwner.get(key);
    group?.delete(object.metadata.uid);
    if (group?.size === 0) byOwner.delete(key);
  }

  const stop = store.watch<T>(resource, {}, ({ type, object }) => {
    const { uid } = object.metadata;
    const before = current.get(uid);
    if (before !== undefined) remove(before);
    if (type === 'DELETED') {
      current.delete(uid);
    } else {
      current.set(uid, object);
      const key = ownerKey(object);
      const group = byOwner.get(key) ?? new Map<string, T>();
      byOwner.set(key, group.set(uid, object));
    }
    const owners = [before && controllerOf(before), controllerOf(object)].filter(
      (owner) => owner !== undefined,
    );
    for (const listener of listeners) listener(object, owners);
  });

  return {
    owned: (uid) => [...(byOwner.get(uid)?.values() ?? [])],
    orphans: (namespace) => [...(byOwner.get(`orphans/${namespace}`)?.values() ?? [])],
    onChange: (listener) => void listeners.push(listener),
    close: stop,
  };
}
