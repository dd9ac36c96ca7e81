/** Objects as the wire carries them: JSON, and nobody can change what somebody else has. */
import { isDeepStrictEqual } from 'node:util';

export const isSame = isDeepStrictEqual;

/** As it arrives on the other side: without what is undefined, and frozen. */
export function overTheWire<T>(value: T): T {
  return freeze(JSON.parse(JSON.stringify(value)) as T);
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
