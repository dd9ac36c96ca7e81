/**
 * Plain JSON values: copying, comparing, freezing. Faster than
 * structuredClone and enough for Kubernetes objects.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The object's own field: not what every object inherits (`constructor`), which users may name a key as well.
 */
export function fieldOf(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

/** Sets the object's own field, `__proto__` included, which an assignment would take for something else. */
export function setField(object: JsonObject, field: string, value: unknown): void {
  if (field === '__proto__')
    Object.defineProperty(object, field, { value, enumerable: true, configurable: true, writable: true });
  else object[field] = value;
}

/** A mutable deep copy; `undefined` fields are left out, as they would be in JSON. */
export function deepCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => deepCopy<unknown>(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: JsonObject = {};
  for (const key in value) {
    const field = (value as JsonObject)[key];
    if (field !== undefined) setField(copy, key, typeof field === 'object' ? deepCopy(field) : field);
  }
  return copy as T;
}

/** Equal as JSON: a missing field and an undefined one are the same. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  const left = a as JsonObject;
  const right = b as JsonObject;
  for (const key in left) if (!deepEqual(left[key], fieldOf(right, key))) return false;
  for (const key in right) if (right[key] !== undefined && fieldOf(left, key) === undefined) return false;
  return true;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) deepFreeze(value[key]);
  }
  return value;
}
