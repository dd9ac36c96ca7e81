import { deepEqual, fieldOf, isObject, type JsonObject } from '../../../storage/json.ts';
import { fieldSchema } from '../schema/schema.ts';
import type { ListOf, Schema } from '../schema/types.ts';

/**
 * A set of field paths, the currency of server-side apply. One node per path element (`f:spec`,
 * `k:{"name":"app"}`); `self` says whether the path up to here is itself in the set.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export interface FieldSet {
  self: boolean;
  children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ self: false, children: new Map() });

export function isEmptySet(set: FieldSet): boolean {
  return !set.self && [...set.children.values()].every(isEmptySet);
}

function child(set: FieldSet, element: string): FieldSet {
  let found = set.children.get(element);
  if (found === undefined) {
    found = emptySet();
    set.children.set(element, found);
  }
  return found;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { self: a.self || b.self, children: new Map(a.children) };
  for (const [element, node] of b.children) {
    const mine = result.children.get(element);
    result.children.set(element, mine === undefined ? node : union(mine, node));
  }
  return result;
}

/** Paths of `a` that are in `b` too. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { self: a.self && b.self, children: new Map() };
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    if (other === undefined) continue;
    const both = intersection(node, other);
    if (!isEmptySet(both)) result.children.set(element, both);
  }
  return result;
}

/** Paths of `a` that are not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { self: a.self && !b.self, children: new Map() };
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    const rest = other === undefined ? node : difference(node, other);
    if (!isEmptySet(rest)) result.children.set(element, rest);
  }
  return result;
}

/** Paths of `a` that are neither in `b` nor below a path in `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { self: a.self && !b.self, children: new Map() };
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    if (other === undefined) {
      result.children.set(element, node);
      continue;
    }
    if (other.self) continue;
    const rest = recursiveDifference(node, other);
    if (!isEmptySet(rest)) result.children.set(element, rest);
  }
  return result;
}

/** The form of `managedFields[].fieldsV1`. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  const elements = [...set.children.keys()].sort();
  if (set.self && elements.length > 0) fields['.'] = {};
  for (const element of elements) {
    const node = set.children.get(element);
    if (node !== undefined && !isEmptySet(node)) fields[element] = toFieldsV1(node);
  }
  return fields;
}

export function fromFieldsV1(fields: unknown): FieldSet {
  const set = emptySet();
  if (!isObject(fields)) return set;
  for (const [element, value] of Object.entries(fields)) {
    if (element === '.') set.self = true;
    else {
      const node = fromFieldsV1(value);
      if (isObject(value) && Object.keys(value).length === 0) node.self = true;
      set.children.set(element, node);
    }
  }
  return set;
}

/** Fields that stand for another value when a list item leaves them out of its key. */
const KEY_DEFAULTS: Record<string, unknown> = { protocol: 'TCP' };

/** `k:{"containerPort":8080,"protocol":"TCP"}`, or `v:"value"` in a set. */
export function elementOf(list: ListOf, item: unknown): string {
  if (list.keys === undefined || !isObject(item)) return `v:${JSON.stringify(item)}`;
  const key: JsonObject = {};
  for (const name of [...list.keys].sort()) {
    const value = item[name] ?? KEY_DEFAULTS[name];
    if (value !== undefined) key[name] = value;
  }
  return `k:${JSON.stringify(key)}`;
}

const isShared = (schema: Schema): boolean =>
  schema.kind === 'open' ||
  (schema.kind === 'list'
    ? schema.keys !== undefined || schema.set
    : schema.kind !== 'scalar' && !schema.atomic);

/** All leaves of a value, and its list items: what a manager that applies this value owns. */
export function leavesOf(value: unknown, schema: Schema): FieldSet {
  const set = emptySet();
  collectLeaves(value, schema, set);
  return set;
}

function collectLeaves(value: unknown, schema: Schema, into: FieldSet): void {
  if (Array.isArray(value) && schema.kind === 'list' && isShared(schema)) {
    if (value.length === 0) into.self = true;
    for (const item of value) {
      const node = child(into, elementOf(schema, item));
      node.self = true;
      if (isShared(schema.item) && isObject(item)) collectLeaves(item, schema.item, node);
    }
    return;
  }
  if (isObject(value) && isShared(schema)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    if (fields.length === 0) into.self = true;
    for (const [field, inner] of fields)
      collectLeaves(inner, fieldSchema(schema, field) ?? { kind: 'open' }, child(into, `f:${field}`));
    return;
  }
  into.self = true;
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/**
 * What differs between two values, as sets of paths. Added and removed
 * values count with every path within them.
 */
export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  const result = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareInto(before, after, schema, result);
  return result;
}

function compareInto(before: unknown, after: unknown, schema: Schema, into: Comparison): void {
  if (deepEqual(before, after)) return;
  if (before === undefined) {
    addAll(after, schema, into.added);
    return;
  }
  if (after === undefined) {
    addAll(before, schema, into.removed);
    return;
  }
  if (isShared(schema)) {
    if (schema.kind === 'list' && isListOrNull(before) && isListOrNull(after)) {
      compareLists(before ?? [], after ?? [], schema, into);
      return;
    }
    if (isObject(before) && isObject(after)) {
      for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
        descend(`f:${field}`, into, (node) =>
          compareInto(
            fieldOf(before, field),
            fieldOf(after, field),
            fieldSchema(schema, field) ?? { kind: 'open' },
            node,
          ),
        );
      }
      return;
    }
  }
  into.modified.self = true;
}

const isListOrNull = (value: unknown): value is unknown[] | null => value === null || Array.isArray(value);

function compareLists(before: unknown[], after: unknown[], schema: ListOf, into: Comparison): void {
  const index = (list: unknown[]) => new Map(list.map((item) => [elementOf(schema, item), item]));
  const old = index(before);
  const now = index(after);
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    descend(element, into, (node) => compareInto(old.get(element), now.get(element), schema.item, node));
  }
}

function descend(element: string, into: Comparison, work: (node: Comparison) => void): void {
  const node = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  work(node);
  for (const side of ['added', 'modified', 'removed'] as const) {
    if (!isEmptySet(node[side])) into[side].children.set(element, node[side]);
  }
}

/** Every path in a value, containers included. */
function addAll(value: unknown, schema: Schema, into: FieldSet): void {
  into.self = true;
  if (!isShared(schema)) return;
  if (Array.isArray(value) && schema.kind === 'list') {
    for (const item of value) addAll(item, schema.item, child(into, elementOf(schema, item)));
  } else if (isObject(value)) {
    for (const [field, inner] of Object.entries(value)) {
      if (inner !== undefined)
        addAll(inner, fieldSchema(schema, field) ?? { kind: 'open' }, child(into, `f:${field}`));
    }
  }
}

/**
 * `.spec.template.spec.containers[name="app"].image` for each path in
 * the set: members of a level first, then what is below.
 */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const elements = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...elements.filter(([, node]) => node.self).map(([element]) => prefix + pathElement(element)),
    ...elements.flatMap(([element, node]) => pathsOf(node, prefix + pathElement(element))),
  ];
}

export function pathElement(element: string): string {
  if (element.startsWith('f:')) return `.${element.slice(2)}`;
  if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
  const key = JSON.parse(element.slice(2)) as JsonObject;
  return `[${Object.entries(key)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
