/** Objects as the wire carries them: JSON, and nobody can change what somebody else has. */

/** Of two values as JSON has them. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(
    (key) => Object.hasOwn(other, key) && isSame((one as JsonMap)[key], (other as JsonMap)[key]),
  );
}

type JsonMap = Record<string, unknown>;

/**
 * As it arrives on the other side: without what is undefined, and
 * frozen. What is frozen has come over the wire before.
 */
export function overTheWire<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(overTheWire)) as T;
  const copy: JsonMap = {};
  for (const [key, part] of Object.entries(value))
    if (part !== undefined) copy[key] = overTheWire<unknown>(part);
  return Object.freeze(copy) as T;
}

export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

/** `app=coffee-shop,version=v1` */
export function matchesSelector(labels: Record<string, string> = {}, selector = ''): boolean {
  if (selector === '') return true;
  return selector.split(',').every((part) => {
    const [key = '', value] = part.split('=');
    return labels[key] === value;
  });
}
