import type { KubeObject, OwnerReference, ResourceKey } from './types.ts';
import type { Tables } from './tables.ts';

export interface CollectorActions {
  remove(resource: ResourceKey, object: KubeObject, propagation: 'Background' | 'Foreground'): void;
  change(resource: ResourceKey, object: KubeObject, change: (draft: KubeObject) => void): void;
}

/**
 * Deletes objects that have lost their owners, as kube-controller-manager's garbage collector does. It runs a
 * microtask after the write that caused it, never during it.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export class GarbageCollector {
  private readonly tables: Tables;
  private readonly actions: CollectorActions;
  private readonly queue: (() => void)[] = [];
  private running = false;

  constructor(tables: Tables, actions: CollectorActions) {
    this.tables = tables;
    this.actions = actions;
  }

  /** An object is gone: its dependents go too, or lose the reference when they have another owner. */
  ownerGone(uid: string): void {
    this.later(() => {
      for (const { resource, object } of this.tables.dependents(uid)) this.collect(resource, object);
    });
  }

  /** A new object may name an owner that is already gone. */
  created(resource: ResourceKey, object: KubeObject): void {
    if ((object.metadata.ownerReferences ?? []).length === 0) return;
    this.later(() => {
      const current = this.tables.findUid(object.metadata.uid);
      if (current !== undefined) this.collect(resource, current.object);
    });
  }

  /** A finalizer keeps the object until its dependents are deleted (foreground) or released (orphan). */
  waiting(uid: string): void {
    this.later(() => this.settle(uid));
  }

  /** A dependent is deleted: owners that wait for it may be deleted too. */
  dependentGone(owners: OwnerReference[]): void {
    for (const owner of owners) this.waiting(owner.uid);
  }

  private settle(uid: string): void {
    const owner = this.tables.findUid(uid);
    if (owner?.object.metadata.deletionTimestamp === undefined) return;
    const finalizers = owner.object.metadata.finalizers ?? [];
    if (finalizers.includes('orphan')) this.orphan(owner.resource, owner.object);
    else if (finalizers.includes('foregroundDeletion')) this.foreground(owner.resource, owner.object);
  }

  private orphan(resource: ResourceKey, owner: KubeObject): void {
    for (const dependent of this.tables.dependents(owner.metadata.uid)) {
      this.actions.change(dependent.resource, dependent.object, (draft) =>
        dropOwners(draft, [owner.metadata.uid]),
      );
    }
    this.actions.change(resource, owner, (draft) => dropFinalizer(draft, 'orphan'));
  }

  private foreground(resource: ResourceKey, owner: KubeObject): void {
    const dependents = this.tables.dependents(owner.metadata.uid);
    for (const { resource: kind, object } of dependents) {
      if (object.metadata.deletionTimestamp === undefined) this.collect(kind, object, owner.metadata.uid);
    }
    const blocking = this.tables
      .dependents(owner.metadata.uid)
      .filter(({ object }) =>
        (object.metadata.ownerReferences ?? []).some(
          (reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true,
        ),
      );
    if (blocking.length === 0)
      this.actions.change(resource, owner, (draft) => dropFinalizer(draft, 'foregroundDeletion'));
  }

  private collect(resource: ResourceKey, object: KubeObject, leaving?: string): void {
    const owners = object.metadata.ownerReferences ?? [];
    const solid = owners.filter(({ uid }) => uid !== leaving && this.tables.findUid(uid) !== undefined);
    const dangling = owners.filter((owner) => !solid.includes(owner));
    if (dangling.length === 0) return;
    if (solid.length > 0) {
      this.actions.change(resource, object, (draft) =>
        dropOwners(
          draft,
          dangling.map(({ uid }) => uid),
        ),
      );
      return;
    }
    const ownerWaits = leaving !== undefined && this.tables.dependents(object.metadata.uid).length > 0;
    this.actions.remove(resource, object, ownerWaits ? 'Foreground' : 'Background');
  }

  private later(work: () => void): void {
    this.queue.push(work);
    if (this.running) return;
    this.running = true;
    queueMicrotask(() => {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) next();
      this.running = false;
    });
  }
}

function dropOwners(draft: KubeObject, uids: string[]): void {
  const left = (draft.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
  if (left.length === 0) delete draft.metadata.ownerReferences;
  else draft.metadata.ownerReferences = left;
}

function dropFinalizer(draft: KubeObject, finalizer: string): void {
  const left = (draft.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  if (left.length === 0) delete draft.metadata.finalizers;
  else draft.metadata.finalizers = left;
}
