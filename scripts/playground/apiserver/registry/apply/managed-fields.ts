import {
  compare,
  difference,
  emptySet,
  fromFieldsV1,
  intersection,
  isEmptySet,
  recursiveDifference,
  toFieldsV1,
  union,
  type FieldSet,
} from './field-set.ts';
import { isObject, setField, type JsonObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { groupVersion } from '../../../storage/resource-key.ts';
import { schemaOf } from '../schema/schema.ts';
import type { KubeObject } from '../../../storage/types.ts';

/** One writer of an object and the fields it answers for. */
export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string | undefined;
  fields: FieldSet;
}

export const isSameManager = (a: Manager, b: Manager): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  a.subresource === b.subresource;

export function readManagers(managedFields: unknown): Manager[] {
  if (!Array.isArray(managedFields)) return [];
  return managedFields.filter(isObject).flatMap((entry): Manager[] => {
    if (typeof entry['manager'] !== 'string') return [];
    return [
      {
        name: entry['manager'],
        operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
        apiVersion: typeof entry['apiVersion'] === 'string' ? entry['apiVersion'] : '',
        subresource: typeof entry['subresource'] === 'string' ? entry['subresource'] : '',
        time: typeof entry['time'] === 'string' ? entry['time'] : undefined,
        fields: fromFieldsV1(entry['fieldsV1']),
      },
    ];
  });
}

/** Sorted as the API server does: appliers first, then by time and name. Managers of nothing are left out. */
export function writeManagers(managers: Manager[]): JsonObject[] {
  return managers
    .filter(({ fields }) => !isEmptySet(fields))
    .sort(
      (a, b) =>
        order(a.operation, b.operation) ||
        order(a.time ?? '', b.time ?? '') ||
        order(a.name, b.name) ||
        order(a.subresource, b.subresource),
    )
    .map(({ name, operation, apiVersion, subresource, time, fields }) => ({
      manager: name,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource === '' ? {} : { subresource }),
    }));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const SHARED_METADATA = ['labels', 'annotations', 'ownerReferences', 'finalizers', 'generateName'];

/**
 * The part of an object that has managers: not its identity, and of
 * wish and status only the side the write is about.
 */
export function managedPart(type: ResourceType, object: JsonObject, subresource: string): JsonObject {
  const hasStatus = type.subresources.some(({ name }) => name === 'status');
  const part: JsonObject = {};
  for (const [field, value] of Object.entries(object)) {
    if (field === 'apiVersion' || field === 'kind' || field === 'metadata') continue;
    if (hasStatus && (field === 'status') !== (subresource === 'status')) continue;
    setField(part, field, value);
  }
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const shared: JsonObject = {};
  for (const field of SHARED_METADATA) if (metadata[field] !== undefined) shared[field] = metadata[field];
  part['metadata'] = shared;
  return part;
}

const template = { metadata: {}, spec: { containers: null } };
const EMPTY_SPECS: Record<string, JsonObject> = {
  Pod: { spec: { containers: null } },
  Deployment: { spec: { template, strategy: {} } },
  ReplicaSet: { spec: { template } },
  StatefulSet: { spec: { template, updateStrategy: {} } },
  DaemonSet: { spec: { template, updateStrategy: {} } },
  Job: { spec: { template } },
  CronJob: { spec: { jobTemplate: { metadata: {}, spec: { template } } } },
  Service: { spec: {}, status: { loadBalancer: {} } },
  HorizontalPodAutoscaler: { spec: { scaleTargetRef: {} } },
  Event: { involvedObject: {}, source: {} },
};

/** Parts a built-in object always has, even when empty: creating it does not make anybody their owner. */
function emptyObject(type: ResourceType): JsonObject {
  return type.custom ? { metadata: {} } : { metadata: {}, spec: {}, status: {}, ...EMPTY_SPECS[type.kind] };
}

export interface Write {
  type: ResourceType;
  before: KubeObject | undefined;
  after: KubeObject;
  manager: string;
  subresource: string;
  time: string;
}

/** `[{}]` from a client wipes the record; an empty or missing one leaves it as it was. */
function wipes(managedFields: unknown): boolean {
  return (
    Array.isArray(managedFields) &&
    managedFields.length === 1 &&
    isObject(managedFields[0]) &&
    Object.keys(managedFields[0]).length === 0
  );
}

const REPLICAS = fromFieldsV1({ 'f:spec': { 'f:replicas': {} } });
const ownsReplicas = ({ fields }: Manager): boolean => !isEmptySet(intersection(fields, REPLICAS));

/**
 * managedFields after a create, replace or patch: the changed fields belong to the writer only.
 */
export function trackUpdate({ type, before, after, manager, subresource, time }: Write): JsonObject[] {
  const given = after.metadata.managedFields;
  if (wipes(given)) return [];
  const managers = readManagers(
    Array.isArray(given) && given.length > 0 ? given : before?.metadata.managedFields,
  );
  // What nobody answers for, a Scale does not bring under an owner:
  // the API server tracks updates of tracked objects only.
  if (subresource === 'scale' && !managers.some(ownsReplicas)) return writeManagers(managers);
  const old = before === undefined ? emptyObject(type) : managedPart(type, before, subresource);
  const changes = compare(old, managedPart(type, after, subresource), schemaOf(type));
  const touched = union(changes.modified, changes.added);
  if (isEmptySet(touched) && isEmptySet(changes.removed)) return writeManagers(managers);

  const me: Manager = {
    name: manager,
    operation: 'Update',
    apiVersion: groupVersion(type),
    subresource,
    time,
    fields: emptySet(),
  };
  const mine = managers.find((one) => isSameManager(one, me))?.fields ?? emptySet();
  me.fields = difference(union(mine, touched), changes.removed);
  if (subresource === 'scale') me.fields = withoutZeroReplicas(me.fields, after);
  const others = managers
    .filter((one) => !isSameManager(one, me))
    .map((one) => ({ ...one, fields: difference(difference(one.fields, touched), changes.removed) }));
  return writeManagers([...others, me]);
}

/** A Scale leaves a zero out, so scaling to 0 leaves `replicas` without an owner. */
function withoutZeroReplicas(fields: FieldSet, after: KubeObject): FieldSet {
  if (!isObject(after.spec) || after.spec['replicas'] !== 0) return fields;
  return recursiveDifference(fields, REPLICAS);
}

/**
 * Somebody applies to an object whose record is empty: all there is so far belongs to `before-first-apply`.
 */
export function managersBeforeApply(type: ResourceType, live: KubeObject): Manager[] {
  const managers = readManagers(live.metadata.managedFields);
  if (managers.length > 0) return managers;
  const { added, modified } = compare(emptyObject(type), managedPart(type, live, ''), schemaOf(type));
  const first: Manager = {
    name: 'before-first-apply',
    operation: 'Update',
    apiVersion: groupVersion(type),
    subresource: '',
    time: live.metadata.creationTimestamp,
    fields: union(added, modified),
  };
  return isEmptySet(first.fields) ? [] : [first];
}
