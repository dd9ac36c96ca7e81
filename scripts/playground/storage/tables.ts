import type { KubeObject, ResourceKey } from './types.ts';

const keyOf = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

interface Table {
  byKey: Map<string, KubeObject>;
  /** In the order the API lists them (by key); rebuilt on demand. */
  sorted: { key: string; object: KubeObject }[] | undefined;
}

export interface StoredObject {
  resource: ResourceKey;
  object: KubeObject;
}

/** The objects, found by name, by uid and by owner. The rules of the API are elsewhere. */
export class Tables {
  private readonly tables = new Map<ResourceKey, Table>();
  private readonly byUid = new Map<string, StoredObject>();
  private readonly dependentsOf = new Map<string, Set<string>>();

  get(resource: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.tables.get(resource)?.byKey.get(keyOf(namespace, name));
  }

  findUid(uid: string): StoredObject | undefined {
    return this.byUid.get(uid);
  }

  put(resource: ResourceKey, object: KubeObject): void {
    const table = this.table(resource);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = table.byKey.get(key);
    if (previous !== undefined) this.unlinkOwners(previous);
    table.byKey.set(key, object);
    table.sorted = undefined;
    this.byUid.set(object.metadata.uid, { resource, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.dependentsOf.get(owner.uid) ?? new Set();
      dependents.add(object.metadata.uid);
      this.dependentsOf.set(owner.uid, dependents);
    }
  }

  remove(resource: ResourceKey, object: KubeObject): void {
    const table = this.table(resource);
    table.byKey.delete(keyOf(object.metadata.namespace, object.metadata.name));
    table.sorted = undefined;
    this.byUid.delete(object.metadata.uid);
    this.unlinkOwners(object);
  }

  /** Sorted by namespace and name. */
  list(resource: ResourceKey, namespace?: string): KubeObject[] {
    const table = this.tables.get(resource);
    if (table === undefined) return [];
    table.sorted ??= [...table.byKey]
      .map(([key, object]) => ({ key, object }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const { sorted } = table;
    if (namespace === undefined) return sorted.map(({ object }) => object);
    return sorted.filter(({ object }) => object.metadata.namespace === namespace).map(({ object }) => object);
  }

  dependents(uid: string): StoredObject[] {
    return [...(this.dependentsOf.get(uid) ?? [])].flatMap((one) => this.byUid.get(one) ?? []);
  }

  resources(): ResourceKey[] {
    return [...this.tables.keys()];
  }

  count(resource: ResourceKey): number {
    return this.tables.get(resource)?.byKey.size ?? 0;
  }

  private unlinkOwners(object: KubeObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.dependentsOf.get(owner.uid);
      dependents?.delete(object.metadata.uid);
      if (dependents?.size === 0) this.dependentsOf.delete(owner.uid);
    }
  }

  private table(resource: ResourceKey): Table {
    let table = this.tables.get(resource);
    if (table === undefined) {
      table = { byKey: new Map(), sorted: undefined };
      this.tables.set(resource, table);
    }
    return table;
  }
}
