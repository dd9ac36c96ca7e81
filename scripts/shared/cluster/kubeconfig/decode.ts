/**
 * Typed decoding of a YAML file, as Go's JSON decoder does it for kubectl: null and a missing field are the
 * zero value, unknown fields are ignored, and a value of another type is an error.
 * https://pkg.go.dev/encoding/json#Unmarshal
 */

/** Reads one value; `at` is its place for an error: `users[0].user.token`. Throws an Error that names it. */
export type Decode<T> = (value: unknown, at: string) => T;

export const text: Decode<string> = (value, at) => {
  if (isNothing(value)) return '';
  if (typeof value === 'string') return value;
  throw wrongType(at, 'a string', value);
};

export const flag: Decode<boolean> = (value, at) => {
  if (isNothing(value)) return false;
  if (typeof value === 'boolean') return value;
  throw wrongType(at, 'true or false', value);
};

/** Bytes: base64 with padding, in which line breaks do not count; or a list of their numbers. */
export const base64: Decode<string> = (value, at) => {
  if (Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 0 && one <= 255))
    return Buffer.from(value as number[]).toString('latin1');
  const packed = text(value, at).replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed))
    throw new Error(`${at} is not base64`);
  return Buffer.from(packed, 'base64').toString('latin1');
};

/** Anything at all. */
export const anything: Decode<unknown> = (value) => value ?? null;

export const optional =
  <T>(decode: Decode<T>): Decode<T | undefined> =>
  (value, at) =>
    isNothing(value) ? undefined : decode(value, at);

export const listOf =
  <T>(decode: Decode<T>): Decode<T[]> =>
  (value, at) => {
    if (isNothing(value)) return [];
    if (!Array.isArray(value)) throw wrongType(at, 'a list', value);
    return value.map((one, index) => decode(one, `${at}[${index}]`));
  };

export const mapOf =
  <T>(decode: Decode<T>): Decode<Record<string, T>> =>
  (value, at) => {
    if (isNothing(value)) return {};
    if (!isMapping(value)) throw wrongType(at, 'a mapping', value);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, decode(one, `${at}.${key}`)]));
  };

export const fieldsOf =
  <T extends object>(fields: { [K in keyof T]-?: Decode<T[K]> }): Decode<T> =>
  (value, at) => {
    if (!isNothing(value) && !isMapping(value)) throw wrongType(at, 'a mapping', value);
    const given = new Map(Object.entries(value ?? {}));
    const read = Object.entries<Decode<unknown>>(fields).map(([name, decode]) => [
      name,
      decode(given.get(name), at === '' ? name : `${at}.${name}`),
    ]);
    return Object.fromEntries(read) as T;
  };

/** A list of `{name, <field>}`, by name. Throws when a name comes twice. */
export const namedList = <T>(field: string, decode: Decode<T>): Decode<Map<string, T>> => {
  const list = listOf(fieldsOf<Record<string, unknown>>({ name: text, [field]: decode }));
  return (value, at) => {
    const found = new Map<string, T>();
    for (const one of list(value, at)) {
      const name = one['name'] as string;
      // A null extension counts as missing.
      if ((found.get(name) ?? null) !== null) throw new Error(`${at} has two entries named "${name}"`);
      found.set(name, one[field] as T);
    }
    return found;
  };
};

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(at: string, wanted: string, value: unknown): Error {
  // Name the type, not the value: it may be a secret.
  const got = Array.isArray(value) ? 'a list' : isMapping(value) ? 'a mapping' : `a ${typeof value}`;
  return new Error(`${at === '' ? 'it' : at} must be ${wanted}, not ${got}`);
}
