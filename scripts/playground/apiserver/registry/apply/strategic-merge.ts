import { deepCopy, deepEqual, fieldOf, isObject, setField, type JsonObject } from '../../../storage/json.ts';
import { fieldSchema } from '../schema/schema.ts';
import { OPEN, type ListOf, type Schema } from '../schema/types.ts';
import { StatusError } from '../../status-error.ts';

/**
 * Strategic merge patch: like a merge patch, but lists whose items have a key are
 * merged item by item, and directives (`$patch`, `$retainKeys`,
 * `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) say what plain JSON cannot.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(target: unknown, patch: JsonObject, schema: Schema): JsonObject {
  const current: JsonObject = isObject(target) ? target : {};
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const result: JsonObject = { ...current };
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const field of Object.keys(result))
      if (!retained.includes(field)) Reflect.deleteProperty(result, field);
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$')) continue;
    patchField(result, field, value, fieldSchema(schema, field) ?? OPEN);
  }
  for (const [directive, value] of Object.entries(patch))
    applyListDirective(result, directive, value, schema);
  return result;
}

function patchField(result: JsonObject, field: string, value: unknown, schema: Schema): void {
  if (value === null) {
    Reflect.deleteProperty(result, field);
  } else if (isObject(value) && schema.kind !== 'scalar') {
    setField(result, field, strategicMergePatch(fieldOf(result, field), value, schema));
  } else if (
    Array.isArray(value) &&
    schema.kind === 'list' &&
    (schema.mergeKey !== undefined || schema.set)
  ) {
    const list = fieldOf(result, field);
    setField(result, field, patchList(Array.isArray(list) ? list : [], value, schema));
  } else {
    setField(result, field, deepCopy(value));
  }
}

function applyListDirective(result: JsonObject, directive: string, value: unknown, schema: Schema): void {
  const [kind, field] = directive.split('/', 2);
  if (field === undefined || !Array.isArray(value)) return;
  const list = fieldOf(result, field);
  if (!Array.isArray(list)) return;
  if (kind === '$deleteFromPrimitiveList') {
    result[field] = list.filter((item) => !value.some((gone) => deepEqual(gone, item)));
  } else if (kind === '$setElementOrder') {
    const known = fieldSchema(schema, field) ?? OPEN;
    result[field] = inOrder(list, value, known.kind === 'list' ? known.mergeKey : undefined);
  }
}

/** Items named in the order come in that order; the others stay behind what they followed. */
function inOrder(list: unknown[], wanted: unknown[], mergeKey: string | undefined): unknown[] {
  const idOf = (item: unknown): unknown => (mergeKey !== undefined && isObject(item) ? item[mergeKey] : item);
  const place = new Map(wanted.map((item, index) => [idOf(item), index]));
  const result = list
    .filter((item) => place.has(idOf(item)))
    .sort((a, b) => (place.get(idOf(a)) ?? 0) - (place.get(idOf(b)) ?? 0));
  list.forEach((item, index) => {
    if (place.has(idOf(item))) return;
    const before = index === 0 ? -1 : result.indexOf(list[index - 1]);
    result.splice(before + 1, 0, item);
  });
  return result;
}

function patchList(current: unknown[], patch: unknown[], schema: ListOf): unknown[] {
  if (schema.mergeKey === undefined) {
    const added = patch.filter((item) => !current.some((one) => deepEqual(one, item)));
    return [...current, ...added];
  }
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return patch
      .filter((item) => isObject(item) && item['$patch'] !== 'replace')
      .map((item) => deepCopy(item));
  }
  const { mergeKey } = schema;
  const result = [...current];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const key = item[mergeKey];
    if (key === undefined) {
      throw new StatusError(500, '', `map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = result.findIndex((one) => isObject(one) && deepEqual(one[mergeKey], key));
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMergePatch(result[index], item, schema.item);
    else result.push(strategicMergePatch({}, item, schema.item));
  }
  return result;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith('$')));
}

/** `map[image:x]`: how Go prints what it complains about. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isObject(value)) return String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goMap(value[key])}`)
    .join(' ')}]`;
}
