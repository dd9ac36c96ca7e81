import {
  compare,
  difference,
  elementOf,
  emptySet,
  intersection,
  isEmptySet,
  leavesOf,
  pathElement,
  pathsOf,
  union,
  type FieldSet,
} from './field-set.ts';
import { deepCopy, fieldOf, isObject, setField, type JsonObject } from '../../../storage/json.ts';
import {
  isSameManager,
  managedPart,
  managersBeforeApply,
  writeManagers,
  type Manager,
} from './managed-fields.ts';
import type { ResourceType } from '../resource-type.ts';
import { groupVersion } from '../../../storage/resource-key.ts';
import { fieldSchema, schemaOf } from '../schema/schema.ts';
import type { ListOf, Schema } from '../schema/types.ts';
import { StatusError, type StatusCause } from '../../status-error.ts';
import type { KubeObject } from '../../../storage/types.ts';

export interface ApplyRequest {
  type: ResourceType;
  live: KubeObject | undefined;
  /** What the manager wants, and nothing else. */
  config: JsonObject;
  manager: string;
  force: boolean;
  subresource: string;
  time: string;
}

export interface ApplyResult {
  object: JsonObject;
  managedFields: JsonObject[];
}

/**
 * Server-side apply: the fields in `config` become the manager's, those it stops listing go,
 * those of others conflict. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * and sigs.k8s.io/structured-merge-diff
 */
export function serverSideApply({
  type,
  live,
  config,
  manager,
  force,
  subresource,
  time,
}: ApplyRequest): ApplyResult {
  const schema = schemaOf(type);
  checkConfig(type, config, schema);
  const wanted = managedPart(type, config, subresource);
  dropEmptyMetadata(wanted);
  const managers = live === undefined ? [] : managersBeforeApply(type, live);
  const me: Manager = {
    name: manager,
    operation: 'Apply',
    apiVersion: groupVersion(type),
    subresource,
    time: undefined,
    fields: leavesOf(wanted, schema),
  };
  const previous = managers.find((one) => isSameManager(one, me));
  const others = managers.filter((one) => !isSameManager(one, me));

  const before = live === undefined ? {} : managedPart(type, live, subresource);
  const merged = merge(before, wanted, schema) as JsonObject;
  const owned = others.reduce((all, one) => union(all, one.fields), me.fields);
  if (previous !== undefined) prune(merged, schema, previous.fields, owned);

  const changes = compare(before, merged, schema);
  const touched = union(changes.modified, changes.added);
  const allowed = manager === KUBECTL ? unchangedSinceLastApplied(type, live, before, schema) : emptySet();
  const conflicts = others
    .map((one) => ({ manager: one, fields: difference(intersection(one.fields, touched), allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);

  const hasChanged = !isEmptySet(touched) || !isEmptySet(changes.removed);
  me.time = hasChanged || live === undefined ? time : previous?.time;
  const managedFields = writeManagers([
    ...others.map((one) => ({
      ...one,
      fields: difference(difference(one.fields, touched), changes.removed),
    })),
    me,
  ]);
  const object = withManagedPart(live, config, merged, subresource);
  if (manager === KUBECTL) renewLastApplied(object, config);
  return { object, managedFields };
}

/** The name kubectl applies under: for it the server carries on what client-side apply began. */
const KUBECTL = 'kubectl';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const annotationsOf = (object: JsonObject | undefined): JsonObject => {
  const metadata = isObject(object?.['metadata']) ? object['metadata'] : {};
  return isObject(metadata['annotations']) ? metadata['annotations'] : {};
};

/** Fields that are still as client-side apply left them: kubectl may take them over without a conflict. */
function unchangedSinceLastApplied(
  type: ResourceType,
  live: KubeObject | undefined,
  before: JsonObject,
  schema: Schema,
): FieldSet {
  const text = annotationsOf(live)[LAST_APPLIED];
  if (typeof text !== 'string') return emptySet();
  let last: unknown;
  try {
    last = JSON.parse(text);
  } catch {
    return emptySet();
  }
  if (!isObject(last)) return emptySet();
  const part = managedPart(type, last, '');
  const { added, modified } = compare(before, merge(before, part, schema), schema);
  return difference(leavesOf(part, schema), union(added, modified));
}

/** Keeps the record of client-side apply true, where there is one. */
function renewLastApplied(object: JsonObject, config: JsonObject): void {
  const annotations = annotationsOf(object);
  if (typeof annotations[LAST_APPLIED] !== 'string') return;
  annotations[LAST_APPLIED] = `${JSON.stringify(withSortedKeys(config))}\n`;
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, withSortedKeys(value[key])]),
  );
}

function dropEmptyMetadata(part: JsonObject): void {
  if (isObject(part['metadata']) && Object.keys(part['metadata']).length === 0) delete part['metadata'];
}

/** The live object with its managed part replaced. */
function withManagedPart(
  live: KubeObject | undefined,
  config: JsonObject,
  merged: JsonObject,
  subresource: string,
): JsonObject {
  if (live === undefined)
    return {
      ...deepCopy(config),
      ...merged,
      metadata: { ...(config['metadata'] as JsonObject), ...(merged['metadata'] as JsonObject | undefined) },
    };
  const object = deepCopy<JsonObject>(live);
  const { status: liveStatus, ...rest } = object;
  const kept: JsonObject = subresource === 'status' ? rest : { status: liveStatus };
  const metadata = { ...(object['metadata'] as JsonObject) };
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers', 'generateName']) {
    const value = isObject(merged['metadata']) ? merged['metadata'][field] : undefined;
    if (value === undefined) Reflect.deleteProperty(metadata, field);
    else metadata[field] = value;
  }
  const asked = config['metadata'];
  if (isObject(asked) && asked['resourceVersion'] !== undefined)
    metadata['resourceVersion'] = asked['resourceVersion'];
  return { ...kept, ...merged, apiVersion: live.apiVersion, kind: live.kind, metadata };
}

/** What the config says wins; lists with keys are merged item by item. */
function merge(live: unknown, wanted: unknown, schema: Schema): unknown {
  if (wanted === undefined) return deepCopy(live);
  if (schema.kind === 'list') {
    if (Array.isArray(wanted) && Array.isArray(live) && (schema.keys !== undefined || schema.set))
      return mergeLists(live, wanted, schema);
    return deepCopy(wanted);
  }
  const isAtomic = schema.kind === 'scalar' || (schema.kind !== 'open' && schema.atomic);
  if (isAtomic || !isObject(live) || !isObject(wanted)) return deepCopy(wanted);
  const result: JsonObject = {};
  for (const field of new Set([...Object.keys(live), ...Object.keys(wanted)])) {
    const inner = fieldSchema(schema, field) ?? { kind: 'open' };
    setField(result, field, merge(fieldOf(live, field), fieldOf(wanted, field), inner));
  }
  return result;
}

/**
 * Live items keep their place; items of the config keep their order
 * among themselves; new ones follow what precedes them.
 */
function mergeLists(live: unknown[], wanted: unknown[], schema: ListOf): unknown[] {
  const wantedKeys = wanted.map((item) => elementOf(schema, item));
  const liveByKey = new Map(live.map((item) => [elementOf(schema, item), item]));
  const liveKeys = [...liveByKey.keys()];
  const isWanted = new Set(wantedKeys);
  const done = new Set<string>();
  const result: unknown[] = [];
  let next = 0;
  const take = () => {
    const key = wantedKeys[next] ?? '';
    result.push(merge(liveByKey.get(key), wanted[next], schema.item));
    done.add(key);
    next += 1;
  };
  for (const key of liveKeys) {
    if (!isWanted.has(key)) result.push(deepCopy(liveByKey.get(key)));
    else while (!done.has(key) && next < wanted.length) take();
  }
  while (next < wanted.length) take();
  return result;
}

/** Removes from `value` the fields that the manager owned last time and that have no owner now. */
function prune(value: unknown, schema: Schema, last: FieldSet, owned: FieldSet): void {
  if (Array.isArray(value) && schema.kind === 'list') {
    for (let i = value.length - 1; i >= 0; i -= 1) {
      const element = elementOf(schema, value[i]);
      const was = last.children.get(element);
      if (was === undefined) continue;
      const now = owned.children.get(element) ?? emptySet();
      if (was.self && isEmptySet(now)) value.splice(i, 1);
      else prune(value[i], schema.item, was, now);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [element, was] of last.children) {
    if (!element.startsWith('f:')) continue;
    const field = element.slice(2);
    if (!Object.hasOwn(value, field)) continue;
    const now = owned.children.get(element) ?? emptySet();
    if (was.self && isEmptySet(now)) {
      Reflect.deleteProperty(value, field);
      continue;
    }
    const inner = value[field];
    prune(inner, fieldSchema(schema, field) ?? { kind: 'open' }, was, now);
    const isHollow =
      (isObject(inner) && Object.keys(inner).length === 0) || (Array.isArray(inner) && inner.length === 0);
    if (isHollow && isEmptySet(now)) Reflect.deleteProperty(value, field);
  }
}

function describe({ name, operation, apiVersion, subresource }: Manager): string {
  const whom =
    JSON.stringify(name) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${whom} using ${apiVersion}` : whom;
}

function applyConflict(conflicts: { manager: Manager; fields: FieldSet }[]): StatusError {
  const causes: StatusCause[] = conflicts.flatMap(({ manager, fields }) =>
    pathsOf(fields).map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${describe(manager)}`,
      field,
    })),
  );
  const [first] = causes;
  if (causes.length === 1 && first !== undefined) {
    return new StatusError(
      409,
      'Conflict',
      `Apply failed with 1 conflict: ${first.message}: ${String(first.field)}`,
      { causes },
    );
  }
  const groups = conflicts.map(
    ({ manager, fields }) =>
      `conflicts with ${describe(manager)}:\n${pathsOf(fields)
        .map((path) => `- ${path}`)
        .join('\n')}`,
  );
  return new StatusError(
    409,
    'Conflict',
    `Apply failed with ${causes.length} conflicts: ${groups.join('\n')}`,
    { causes },
  );
}

/** Unknown fields and duplicate list keys make the config untypable; the API server answers that with 500. */
function checkConfig(type: ResourceType, config: JsonObject, schema: Schema): void {
  const fault = findFault(config, schema, '');
  if (fault === undefined) return;
  const metadata = isObject(config['metadata']) ? config['metadata'] : {};
  const name = `${typeof metadata['namespace'] === 'string' ? metadata['namespace'] : ''}/${String(metadata['name'])}`;
  throw new StatusError(
    500,
    '',
    `failed to create typed patch object (${name}; ${groupVersion(type)}, Kind=${type.kind}): ${fault}`,
  );
}

function findFault(value: unknown, schema: Schema, path: string): string | undefined {
  if (schema.kind === 'struct' && isObject(value)) {
    for (const [field, inner] of Object.entries(value)) {
      const known = fieldSchema(schema, field);
      if (known === undefined) return `${path}.${field}: field not declared in schema`;
      const fault = findFault(inner, known, `${path}.${field}`);
      if (fault !== undefined) return fault;
    }
  } else if (schema.kind === 'map' && isObject(value)) {
    for (const [field, inner] of Object.entries(value)) {
      const fault = findFault(inner, schema.value, `${path}.${field}`);
      if (fault !== undefined) return fault;
    }
  } else if (schema.kind === 'list' && Array.isArray(value)) {
    return findListFault(value, schema, path);
  }
  return undefined;
}

function findListFault(list: unknown[], schema: ListOf, path: string): string | undefined {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const element = schema.keys !== undefined || schema.set ? elementOf(schema, item) : undefined;
    if (element !== undefined && seen.has(element)) {
      return `${path}: duplicate entries for key ${pathElement(element)}`;
    }
    if (element !== undefined) seen.add(element);
    const fault = findFault(
      item,
      schema.item,
      element === undefined ? `${path}[${index}]` : path + pathElement(element),
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
}
