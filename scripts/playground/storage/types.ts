/** The words every part of the playground shares: objects, references, and the store they live in. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  generateName?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}

/** Any Kubernetes object. `spec` and `status` are typed where a controller knows the kind. */
export interface KubeObject<Spec = unknown, Status = unknown> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: Spec;
  status?: Status;
  [field: string]: unknown;
}

/** What a caller hands over to create: the server fills in uid, resourceVersion, creationTimestamp. */
export type NewObject = Omit<KubeObject, 'metadata'> & {
  metadata: Partial<ObjectMeta> & ({ name: string } | { generateName: string });
};

/**
 * `group/version/plural`, core group as `v1/plural`: `v1/pods`, `apps/v1/deployments`,
 * `networking.istio.io/v1/virtualservices`.
 */
export type ResourceKey = string;

export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: T;
}

export interface ListFilter {
  namespace?: string;
  /** Equality match on every entry; the API's full selector language is parsed in `api/`. */
  labels?: Record<string, string>;
}

/**
 * The in-memory store behind the API server. Synchronous: a controller reads, decides and writes without
 * another writer in between. Objects handed out are frozen snapshots; change them through `mutate` or
 * `update`. Every write goes through the same defaulting, validation, admission and resourceVersion log as a
 * request over HTTPS. Errors are `StatusError` (a Kubernetes `Status` with code, reason, message).
 */
/*
 * The type parameters below are the caller's word for the shape of a
 * kind: eslint is right that nothing checks it.
 */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
export interface ObjectStore {
  create<T extends KubeObject>(
    resource: ResourceKey,
    object: NewObject,
    options?: { fieldManager?: string },
  ): T;
  get<T extends KubeObject>(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
  ): T | undefined;
  list<T extends KubeObject>(resource: ResourceKey, filter?: ListFilter): T[];
  /** Replaces; throws 409 Conflict when `metadata.resourceVersion` is given and stale. */
  update<T extends KubeObject>(
    resource: ResourceKey,
    object: T,
    options?: { subresource?: 'status'; fieldManager?: string },
  ): T;
  /**
   * Read-modify-write on a deep copy. A change that changes nothing
   * writes nothing. Returns undefined when the object is gone.
   */
  mutate<T extends KubeObject>(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
    change: (draft: T) => void,
    options?: { subresource?: 'status'; fieldManager?: string },
  ): T | undefined;
  /**
   * Deletes as the API does: pods get deletionTimestamp + grace and stay until the kubelet calls this again
   * with gracePeriodSeconds 0; objects with finalizers stay until those are gone; dependents are collected.
   */
  delete(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
    options?: {
      gracePeriodSeconds?: number;
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      uid?: string;
    },
  ): void;
  /**
   * Calls back with a synthetic ADDED for each existing object (at once), then
   * every event in order, until the returned function is called. Events arrive a
   * microtask after the write: no reaction runs in the middle of somebody's write.
   */
  watch<T extends KubeObject>(
    resource: ResourceKey,
    filter: ListFilter,
    onEvent: (event: WatchEvent<T>) => void,
  ): () => void;
  /**
   * Runs before an object is stored on create; may change the draft
   * (sidecar injection) or throw a StatusError.
   */
  addAdmission(resource: ResourceKey, admit: (draft: KubeObject) => void): void;
}
