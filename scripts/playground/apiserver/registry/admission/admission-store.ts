import type { KubeObject, ListFilter, ResourceKey } from '../../../storage/types.ts';

/** What admission looks up. */
export interface AdmissionStore {
  get(resource: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined;
  list(resource: ResourceKey, filter?: ListFilter): KubeObject[];
}
