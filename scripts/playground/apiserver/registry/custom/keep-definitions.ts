import { timestamp } from '../../../storage/clock.ts';
import { isObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import type { MemoryStore } from '../../../storage/store.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { definedTypes, establishedStatus } from './definition.ts';

const DEFINITIONS = 'apiextensions.k8s.io/v1/customresourcedefinitions';

/** Serves the types that CustomResourceDefinitions describe, while these exist. @returns stops it */
export function keepDefinitions(store: MemoryStore): () => void {
  const served = new Map<string, ResourceType[]>();
  const generations = new Map<string, number | undefined>();
  return store.watch(DEFINITIONS, {}, ({ type, object }) => {
    const { uid } = object.metadata;
    if (type === 'DELETED') {
      withdraw(store, served.get(uid) ?? []);
      served.delete(uid);
      generations.delete(uid);
      return;
    }
    if (served.has(uid) && generations.get(uid) === object.metadata.generation) return;
    const before = served.get(uid) ?? [];
    // What is built in stays as it is: the definition stands for it from now on.
    const types = definedTypes(object).filter((one) => isFree(store, one, before));
    before.forEach((one) => store.registry.remove(resourceKey(one)));
    types.forEach((one) => store.registry.add(one));
    served.set(uid, types);
    generations.set(uid, object.metadata.generation);
    establish(store, object);
  });
}

function isFree(store: MemoryStore, type: ResourceType, before: ResourceType[]): boolean {
  const known = store.registry.find(resourceKey(type));
  return known === undefined || before.includes(known);
}

function establish(store: MemoryStore, definition: KubeObject): void {
  const status = isObject(definition.status) ? definition.status : {};
  if (Array.isArray(status['conditions'])) return;
  store.mutate(
    DEFINITIONS,
    undefined,
    definition.metadata.name,
    (draft) => {
      draft.status = establishedStatus(definition, timestamp());
    },
    { subresource: 'status', fieldManager: 'kube-apiserver' },
  );
}

/** The objects go with their definition. */
function withdraw(store: MemoryStore, types: ResourceType[]): void {
  for (const type of types) {
    if (type.view !== undefined) continue;
    const key = resourceKey(type);
    for (const { metadata } of store.list(key)) {
      store.mutate(key, metadata.namespace, metadata.name, (draft) => {
        delete draft.metadata.finalizers;
      });
      if (store.get(key, metadata.namespace, metadata.name) !== undefined)
        store.delete(key, metadata.namespace, metadata.name);
    }
  }
  types.forEach((type) => store.registry.remove(resourceKey(type)));
}
