import { randomUUID } from 'node:crypto';
import { ServiceAddresses } from '../apiserver/registry/addresses.ts';
import { changeOnCreate, refuseOnCreate } from '../apiserver/registry/admission/index.ts';
import { timestamp } from './clock.ts';
import { fillDefaults } from '../apiserver/registry/custom/openapi-schema.ts';
import { applyDefaults } from '../apiserver/registry/defaults/index.ts';
import { EventLog, type LogEntry } from './event-log.ts';
import { GarbageCollector } from './gc.ts';
import { deepCopy, deepEqual, deepFreeze, isObject, type JsonObject } from './json.ts';
import { defaultGracePeriod, prepareForCreate, prepareForUpdate } from '../apiserver/registry/kind-rules.ts';
import { generateName } from '../apiserver/registry/names.ts';
import { Registry } from '../apiserver/registry/registry.ts';
import type { ResourceType } from '../apiserver/registry/resource-type.ts';
import { groupVersion, resourceKey } from './resource-key.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  invalidValue,
  notFound,
  preconditionFailed,
  staleWrite,
  StatusError,
  unknownResource,
} from '../apiserver/status-error.ts';
import { trackUpdate } from '../apiserver/registry/apply/managed-fields.ts';
import { serverSideApply } from '../apiserver/registry/apply/server-side-apply.ts';
import { Tables } from './tables.ts';
import type { KubeObject, ListFilter, NewObject, ObjectStore, ResourceKey, WatchEvent } from './types.ts';
import { validateCreate, validateUpdate } from '../apiserver/registry/validation/index.ts';

export interface StoreOptions {
  /** Milliseconds since the epoch; tests set it. */
  now?: () => number;
  /** How many changes of each resource a watch can go back; older ones answer 410. */
  historySize?: number;
  /** The first resourceVersion minus one. */
  firstRevision?: number;
  /** Called with the error of a watch callback. Default: it is thrown again outside of the store. */
  onListenerError?: (error: unknown) => void;
}

export interface WriteOptions {
  subresource?: string;
  /** The writer, for `managedFields`. */
  fieldManager?: string;
  /** Does everything except storing the object. */
  dryRun?: boolean;
  /** The result of a server-side apply; otherwise the changed fields are recorded under `fieldManager`. */
  managedFields?: JsonObject[];
}

export interface ApplyOptions {
  fieldManager: string;
  /** Where the object lives when the config does not say. */
  namespace?: string;
  force?: boolean;
  subresource?: string;
  dryRun?: boolean;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  uid?: string;
  resourceVersion?: string;
  dryRun?: boolean;
}

const DEFAULT_HISTORY = 1000;

/** Labels the API server's managed fields when a part of the playground writes without saying who it is. */
export const DEFAULT_MANAGER = 'kube-controller-manager';

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the caller names the shape of a kind, as in ObjectStore */

/** The object store of one playground; see `ObjectStore` for what callers may rely on. */
export class MemoryStore implements ObjectStore {
  readonly registry = new Registry();
  readonly log: EventLog;
  private readonly tables = new Tables();
  private readonly addresses = new ServiceAddresses();
  private readonly admissions = new Map<ResourceKey, ((draft: KubeObject) => void)[]>();
  private readonly collector: GarbageCollector;
  private readonly now: () => number;

  constructor(options: StoreOptions = {}) {
    this.now = options.now ?? Date.now;
    this.log = new EventLog({
      start: options.firstRevision ?? 0,
      historySize: options.historySize ?? DEFAULT_HISTORY,
      onListenerError: options.onListenerError ?? rethrowLater,
    });
    this.collector = new GarbageCollector(this.tables, {
      remove: (resource, object, propagationPolicy) =>
        this.ifPresent(
          resource,
          object,
          () =>
            void this.remove(resource, object.metadata.namespace, object.metadata.name, {
              propagationPolicy,
            }),
        ),
      change: (resource, object, change) =>
        this.ifPresent(
          resource,
          object,
          () => void this.mutate(resource, object.metadata.namespace, object.metadata.name, change),
        ),
    });
  }

  get resourceVersion(): string {
    return String(this.log.revision);
  }

  /** @throws a 404 Status for a type this server does not know */
  typeOf(resource: ResourceKey): ResourceType {
    const type = this.registry.find(resource);
    if (type === undefined) throw unknownResource();
    return type;
  }

  create<T extends KubeObject>(resource: ResourceKey, object: NewObject, options: WriteOptions = {}): T {
    const type = this.typeOf(resource);
    const draft = deepCopy<JsonObject>(object);
    const metadata = this.newMetadata(type, draft);
    if (type.namespaced) this.requireNamespace(type, String(metadata['namespace']), String(metadata['name']));
    draft['apiVersion'] = groupVersion(type);
    draft['kind'] = type.kind;
    applyDefaults(resource, draft);
    for (const admit of this.admissions.get(resource) ?? []) admit(draft as unknown as KubeObject);
    changeOnCreate(this, type, draft);
    applyDefaults(resource, draft);
    if (type.defined !== undefined) fillDefaults(type.defined.openApi, draft);
    const name = String(metadata['name']);
    const errors = validateCreate(type, draft);
    if (errors.length > 0) throw invalid(type, name, errors);
    refuseOnCreate(this, type, draft);
    if (this.tables.get(resource, namespaceOf(type, metadata), name) !== undefined)
      throw alreadyExists(type, name);
    prepareForCreate(type, draft, { addresses: this.addresses });
    return this.commit(resource, draft, undefined, options) as T;
  }

  get<T extends KubeObject>(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
  ): T | undefined {
    const type = this.typeOf(resource);
    return this.tables.get(resource, type.namespaced ? namespace : undefined, name) as T | undefined;
  }

  list<T extends KubeObject>(resource: ResourceKey, filter: ListFilter = {}): T[] {
    this.typeOf(resource);
    const objects = this.tables.list(resource, filter.namespace);
    return objects.filter((object) => matches(object, filter)) as T[];
  }

  update<T extends KubeObject>(resource: ResourceKey, object: T, options: WriteOptions = {}): T {
    const type = this.typeOf(resource);
    const { name, namespace } = object.metadata;
    const previous = this.tables.get(resource, type.namespaced ? namespace : undefined, name);
    if (previous === undefined) throw notFound(type, name);
    return this.replace(type, deepCopy<JsonObject>(object), previous, options) as T;
  }

  mutate<T extends KubeObject>(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
    change: (draft: T) => void,
    options: WriteOptions = {},
  ): T | undefined {
    const previous = this.get<T>(resource, namespace, name);
    if (previous === undefined) return undefined;
    const draft = deepCopy<T>(previous);
    change(draft);
    return this.replace(this.typeOf(resource), draft, previous, options) as T;
  }

  /**
   * Server-side apply: creates, or changes only what the manager lists
   * or stops listing. `created` tells 201 from 200.
   */
  apply(
    resource: ResourceKey,
    config: NewObject & { metadata: { name: string } },
    { fieldManager, force = false, subresource, dryRun, namespace = config.metadata.namespace }: ApplyOptions,
  ): { object: KubeObject; created: boolean } {
    const type = this.typeOf(resource);
    const { name } = config.metadata;
    const live = this.get(resource, namespace, name);
    if (live === undefined && subresource !== undefined) throw notFound(type, name);
    const { object, managedFields } = serverSideApply({
      type,
      live,
      config,
      manager: fieldManager,
      force,
      subresource: subresource ?? '',
      time: timestamp(this.now()),
    });
    const options: WriteOptions = {
      managedFields,
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(subresource === undefined ? {} : { subresource }),
    };
    if (live === undefined) {
      const located = {
        ...object,
        metadata: { ...(object['metadata'] as JsonObject), ...(type.namespaced ? { namespace } : {}) },
      };
      return { object: this.create(resource, located as unknown as NewObject, options), created: true };
    }
    return { object: this.replace(type, object, live, options), created: false };
  }

  delete(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): void {
    this.remove(resource, namespace, name, options);
  }

  /** Deletes and says what came of it: the object as it is now, and whether it is gone. */
  remove(
    resource: ResourceKey,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): { object: KubeObject; gone: boolean } {
    const type = this.typeOf(resource);
    const object = this.get(resource, namespace, name);
    if (object === undefined) throw notFound(type, name);
    checkPreconditions(type, object, options);
    if (resource === 'v1/namespaces') return this.terminateNamespace(type, object, options);

    const draft = deepCopy(object);
    const finalizers = new Set(draft.metadata.finalizers ?? []);
    if (options.propagationPolicy !== undefined) {
      for (const [policy, finalizer] of Object.entries(PROPAGATION_FINALIZERS)) {
        if (policy === options.propagationPolicy) finalizers.add(finalizer);
        else finalizers.delete(finalizer);
      }
    }
    const grace = resource === 'v1/pods' ? gracePeriod(object, options) : 0;
    if (grace === 0 && finalizers.size === 0)
      return { object: this.drop(resource, object, options.dryRun === true), gone: true };

    this.markForDeletion(draft, grace);
    if (finalizers.size > 0) draft.metadata.finalizers = [...finalizers];
    else delete draft.metadata.finalizers;
    if (deepEqual(draft, object)) return { object, gone: false };
    const stored = this.commit(resource, draft, object, {
      dryRun: options.dryRun === true,
    });
    this.collector.waiting(stored.metadata.uid);
    return { object: stored, gone: false };
  }

  watch<T extends KubeObject>(
    resource: ResourceKey,
    filter: ListFilter,
    onEvent: (event: WatchEvent<T>) => void,
  ): () => void {
    const stop = this.log.subscribe(resource, (entry) => {
      const event = eventFor(entry, (object) => matches(object, filter));
      if (event !== undefined) onEvent(event as WatchEvent<T>);
    });
    for (const object of this.list<T>(resource, filter)) onEvent({ type: 'ADDED', object });
    return stop;
  }

  addAdmission(resource: ResourceKey, admit: (draft: KubeObject) => void): void {
    this.admissions.set(resource, [...(this.admissions.get(resource) ?? []), admit]);
  }

  /** Ends all watches. */
  close(): void {
    this.log.close();
  }

  /** Resources that hold objects. */
  resources(): ResourceKey[] {
    return this.tables.resources();
  }

  private replace(
    type: ResourceType,
    next: JsonObject,
    previous: KubeObject,
    options: WriteOptions,
  ): KubeObject {
    const resource = resourceKey(type);
    const { name } = previous.metadata;
    const metadata = isObject(next['metadata']) ? next['metadata'] : {};
    next['metadata'] = metadata;
    this.checkWritePreconditions(type, metadata, previous);
    next['apiVersion'] = previous.apiVersion;
    next['kind'] = previous.kind;
    keepSystemMetadata(metadata, previous);
    applyDefaults(resource, next);
    if (type.defined !== undefined) fillDefaults(type.defined.openApi, next);
    prepareForUpdate(type, next, previous, options.subresource, { addresses: this.addresses });
    const errors = validateUpdate(type, next, previous, options.subresource);
    if (errors.length > 0) throw invalid(type, name, errors);
    return this.commit(resource, next, previous, options);
  }

  private checkWritePreconditions(type: ResourceType, metadata: JsonObject, previous: KubeObject): void {
    const { name } = previous.metadata;
    const given = metadata['resourceVersion'];
    if (given === undefined || given === '') {
      if (!type.unconditionalUpdate) {
        const error = invalid({ group: '', kind: '' }, name, [
          invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
        ]);
        const details = {
          name,
          ...(type.group === '' ? {} : { group: type.group }),
          kind: type.plural,
          causes: error.status.details?.causes ?? [],
        };
        const qualifiedName = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
        const message = `${qualifiedName} "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`;
        throw new StatusError(422, 'Invalid', message, details);
      }
    } else if (given !== previous.metadata.resourceVersion) {
      throw staleWrite(type, name);
    }
    const uid = metadata['uid'];
    if (uid !== undefined && uid !== '' && uid !== previous.metadata.uid) {
      const key = ['/registry', type.plural, previous.metadata.namespace, name].filter(Boolean).join('/');
      throw conflict(
        type,
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${JSON.stringify(uid).replaceAll('"', '')}, UID in object meta: ${previous.metadata.uid}`,
      );
    }
  }

  /**
   * Stores a prepared object, unless it equals what is stored. The
   * last finalizer gone from a dying object removes it.
   */
  private commit(
    resource: ResourceKey,
    draft: JsonObject,
    previous: KubeObject | undefined,
    options: WriteOptions,
  ): KubeObject {
    const object = draft as unknown as KubeObject;
    dropEmptyMetadata(draft['metadata']);
    if (previous !== undefined) {
      object.metadata.resourceVersion = previous.metadata.resourceVersion;
      const given = object.metadata.managedFields;
      if (given === undefined || given.length === 0) keepManagedFields(object, previous);
    }
    if (options.managedFields !== undefined) object.metadata.managedFields = options.managedFields;
    if (previous !== undefined && deepEqual(object, previous)) return previous;
    if (options.managedFields === undefined) this.recordManager(resource, object, previous, options);
    if (object.metadata.managedFields?.length === 0) delete object.metadata.managedFields;
    if (options.dryRun === true) {
      if (previous === undefined) delete (object.metadata as Partial<KubeObject['metadata']>).resourceVersion;
      return deepFreeze(object);
    }
    if (previous !== undefined && isReadyToGo(resource, object)) {
      this.drop(resource, object, false);
      return object;
    }
    const revision = this.log.next();
    object.metadata.resourceVersion = String(revision);
    deepFreeze(object);
    this.tables.put(resource, object);
    this.log.append(resource, {
      revision,
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      object,
      previous,
    });
    if (previous === undefined) this.collector.created(resource, object);
    else if (object.metadata.deletionTimestamp !== undefined) this.collector.waiting(object.metadata.uid);
    return object;
  }

  private recordManager(
    resource: ResourceKey,
    object: KubeObject,
    previous: KubeObject | undefined,
    options: WriteOptions,
  ): void {
    object.metadata.managedFields = trackUpdate({
      type: this.typeOf(resource),
      before: previous,
      after: object,
      manager: options.fieldManager ?? DEFAULT_MANAGER,
      subresource: options.subresource ?? '',
      time: timestamp(this.now()),
    });
  }

  private drop(resource: ResourceKey, object: KubeObject, dryRun: boolean): KubeObject {
    if (dryRun) return object;
    const previous = this.tables.get(resource, object.metadata.namespace, object.metadata.name) ?? object;
    const revision = this.log.next();
    const last = deepCopy(object);
    last.metadata.resourceVersion = String(revision);
    deepFreeze(last);
    this.tables.remove(resource, previous);
    if (resource === 'v1/services') this.addresses.release(last);
    this.log.append(resource, { revision, type: 'DELETED', object: last, previous });
    this.collector.ownerGone(last.metadata.uid);
    this.collector.dependentGone(last.metadata.ownerReferences ?? []);
    if (last.metadata.namespace !== undefined) this.finishNamespace(last.metadata.namespace);
    return last;
  }

  private markForDeletion(draft: KubeObject, graceSeconds: number): void {
    const { metadata } = draft;
    if (metadata.deletionTimestamp === undefined) {
      metadata.deletionTimestamp = timestamp(this.now() + graceSeconds * 1000);
      metadata.deletionGracePeriodSeconds = graceSeconds;
      if (metadata.generation !== undefined) metadata.generation += 1;
      return;
    }
    const before = metadata.deletionGracePeriodSeconds ?? 0;
    if (graceSeconds >= before) return;
    const start = Date.parse(metadata.deletionTimestamp) - before * 1000;
    metadata.deletionTimestamp = timestamp(start + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
  }

  private terminateNamespace(
    type: ResourceType,
    namespace: KubeObject,
    options: DeleteOptions,
  ): { object: KubeObject; gone: boolean } {
    const { name } = namespace.metadata;
    if (PROTECTED_NAMESPACES.has(name)) throw forbidden(type, name, 'this namespace may not be deleted');
    if (namespace.metadata.deletionTimestamp !== undefined || options.dryRun === true)
      return { object: namespace, gone: false };
    const draft = deepCopy(namespace);
    this.markForDeletion(draft, 0);
    delete draft.metadata.deletionGracePeriodSeconds;
    draft.status = { phase: 'Terminating' };
    const stored = this.commit('v1/namespaces', draft, namespace, {});
    queueMicrotask(() => this.emptyNamespace(name));
    return { object: stored, gone: false };
  }

  private emptyNamespace(name: string): void {
    for (const resource of this.tables.resources()) {
      for (const object of this.tables.list(resource, name)) {
        if (object.metadata.deletionTimestamp === undefined) {
          this.ifPresent(
            resource,
            object,
            () => void this.remove(resource, name, object.metadata.name, { propagationPolicy: 'Background' }),
          );
        }
      }
    }
    this.finishNamespace(name);
  }

  private finishNamespace(name: string): void {
    const namespace = this.tables.get('v1/namespaces', undefined, name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    if (
      this.tables
        .resources()
        .some((resource) => resource !== 'v1/namespaces' && this.tables.list(resource, name).length > 0)
    )
      return;
    const draft = deepCopy(namespace);
    draft.spec = {};
    if ((draft.metadata.finalizers ?? []).length > 0) return;
    this.drop('v1/namespaces', draft, false);
  }

  private requireNamespace(type: ResourceType, namespace: string, name: string): void {
    const found = this.tables.get('v1/namespaces', undefined, namespace);
    if (found === undefined) throw notFound(this.typeOf('v1/namespaces'), namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      type,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }

  private newMetadata(type: ResourceType, draft: JsonObject): JsonObject {
    const metadata = isObject(draft['metadata']) ? draft['metadata'] : {};
    draft['metadata'] = metadata;
    if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '') {
      throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
    }
    const name = metadata['name'] ?? '';
    if (name === '' && typeof metadata['generateName'] === 'string')
      metadata['name'] = generateName(metadata['generateName']);
    else metadata['name'] = name;
    if (!type.namespaced) delete metadata['namespace'];
    else if (typeof metadata['namespace'] !== 'string')
      throw badRequest('an object of this type needs metadata.namespace');
    metadata['uid'] = randomUUID();
    metadata['creationTimestamp'] = timestamp(this.now());
    for (const field of [
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'generation',
      'selfLink',
      'resourceVersion',
    ])
      Reflect.deleteProperty(metadata, field);
    return metadata;
  }

  private ifPresent(resource: ResourceKey, object: KubeObject, work: () => void): void {
    const current = this.tables.get(resource, object.metadata.namespace, object.metadata.name);
    if (current?.metadata.uid === object.metadata.uid) work();
  }
}

const PROPAGATION_FINALIZERS = { Foreground: 'foregroundDeletion', Orphan: 'orphan' };
const PROTECTED_NAMESPACES = new Set(['default', 'kube-system', 'kube-public']);

function namespaceOf(type: ResourceType, metadata: JsonObject): string | undefined {
  return type.namespaced ? String(metadata['namespace']) : undefined;
}

function matches(object: KubeObject, filter: ListFilter): boolean {
  if (filter.namespace !== undefined && object.metadata.namespace !== filter.namespace) return false;
  if (filter.labels === undefined) return true;
  const labels = object.metadata.labels ?? {};
  return Object.entries(filter.labels).every(([key, value]) => labels[key] === value);
}

/** What a watcher with this selector sees of a change: an object that stops matching is DELETED for it. */
export function eventFor(entry: LogEntry, isMatch: (object: KubeObject) => boolean): WatchEvent | undefined {
  const is = isMatch(entry.object);
  if (entry.type === 'ADDED') return is ? { type: 'ADDED', object: entry.object } : undefined;
  const was = entry.previous !== undefined && isMatch(entry.previous);
  if (entry.type === 'DELETED') return was || is ? { type: 'DELETED', object: entry.object } : undefined;
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: entry.object };
  if (!was || entry.previous === undefined) return undefined;
  // The event has the object as it last matched, with the resourceVersion of the change that removed it.
  const { previous } = entry;
  return {
    type: 'DELETED',
    object: deepFreeze({
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(entry.revision) },
    }),
  };
}

function keepManagedFields(object: KubeObject, previous: KubeObject): void {
  if (previous.metadata.managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = previous.metadata.managedFields;
}

/**
 * Removes empty fields (`omitempty`), as the API server does: kubectl sends `annotations: {}`.
 * https://github.com/kubernetes/apimachinery/blob/v0.36.0/pkg/apis/meta/v1/types.go (ObjectMeta)
 */
function dropEmptyMetadata(metadata: unknown): void {
  if (!isObject(metadata)) return;
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers']) {
    const value = metadata[field];
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
      Reflect.deleteProperty(metadata, field);
  }
}

/** What a write can never change. `managedFields` left out or emptied are handled where they are computed. */
function keepSystemMetadata(metadata: JsonObject, previous: KubeObject): void {
  const old = previous.metadata as unknown as JsonObject;
  for (const field of [
    'uid',
    'name',
    'namespace',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'generateName',
    'selfLink',
  ]) {
    if (old[field] === undefined) Reflect.deleteProperty(metadata, field);
    else metadata[field] = old[field];
  }
}

function gracePeriod(pod: KubeObject, options: DeleteOptions): number {
  const needed = defaultGracePeriod(pod);
  if (needed === 0 && pod.metadata.deletionTimestamp === undefined)
    return options.gracePeriodSeconds === undefined || !isBound(pod) ? 0 : options.gracePeriodSeconds;
  const asked = options.gracePeriodSeconds ?? pod.metadata.deletionGracePeriodSeconds ?? needed;
  return Math.max(0, asked);
}

function isBound(pod: KubeObject): boolean {
  return isObject(pod.spec) && typeof pod.spec['nodeName'] === 'string' && pod.spec['nodeName'] !== '';
}

function isReadyToGo(resource: ResourceKey, object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0)
    return false;
  return resource !== 'v1/namespaces' && (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function checkPreconditions(type: ResourceType, object: KubeObject, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = object.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    throw preconditionFailed(
      type,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw preconditionFailed(
      type,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** An empty store with the namespaces every cluster has. */
export function createStore(options: StoreOptions = {}): MemoryStore {
  const store = new MemoryStore(options);
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    store.create('v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return store;
}
