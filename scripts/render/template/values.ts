/**
 * The values a template computes with, and how they differ by Go's types:
 *
 *   int      -> bigint            literals without `.`, `e`, `p`; results of len, int, range indexes
 *   float64  -> number            every number from YAML or JSON, and results of float functions
 *   others   -> Typed             int64 (results of add, mul, ...), uint8 (a byte of a string), float64
 *                                 written as such in the template
 *   map      -> Map               own keys only, so no template ever sees a JavaScript prototype
 *   others   -> Instance          what a function gives that has methods: sprig's `semver`
 *
 * `null` is a nil inside data (`interface {}` holding nothing); `undefined` is no value at all (reflect's
 * invalid value): what `{{ template "x" }}` without an argument has as its dot.
 */
export type Value = null | boolean | bigint | number | string | Typed | Instance | Value[] | ValueMap;
export type ValueMap = Map<string, Value>;
export type MaybeValue = Value | undefined;

/** A number whose Go type is not implied by its JavaScript type. */
export class Typed {
  readonly type: 'int64' | 'uint8' | 'float64';
  readonly value: bigint | number;

  constructor(type: 'int64' | 'uint8' | 'float64', value: bigint | number) {
    this.type = type;
    this.value = value;
  }
}

/** What a template may call on an Instance: `(semver "1.2.3").Major`. */
export interface Method {
  /** How many arguments it takes. */
  readonly arity: number;
  /** @throws FunctionError for an argument of the wrong type */
  run(args: readonly MaybeValue[]): Value;
}

/** A value of a Go type with methods. It is printed, quoted and written as JSON by its text. */
export class Instance {
  /** `*semver.Version` */
  readonly type: string;
  readonly text: string;
  readonly methods: ReadonlyMap<string, Method>;

  constructor(type: string, text: string, methods: ReadonlyMap<string, Method>) {
    this.type = type;
    this.text = text;
    this.methods = methods;
  }
}

export const int64 = (value: bigint): Typed => new Typed('int64', BigInt.asIntN(64, value));

export type Kind =
  'invalid' | 'bool' | 'int' | 'int64' | 'uint8' | 'float64' | 'string' | 'slice' | 'map' | 'ptr';

/** The kind of a value by Go's reflect names. */
export function kindOf(value: MaybeValue): Kind {
  if (value === null || value === undefined) return 'invalid';
  if (Array.isArray(value)) return 'slice';
  if (value instanceof Map) return 'map';
  if (value instanceof Instance) return 'ptr';
  if (value instanceof Typed) return value.type;
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    default:
      return 'string';
  }
}

/** Element types of lists and maps that are not `interface {}` in Go, such as splitList's `[]string`. */
const elementTypes = new WeakMap<object, string>();

export function withElementType<T extends Value[] | ValueMap>(collection: T, type: string): T {
  elementTypes.set(collection, type);
  return collection;
}

/** `string`, `interface {}`, ...: the Go type of a collection's elements. */
export const elementTypeOf = (collection: object): string => elementTypes.get(collection) ?? 'interface {}';

/** The type of a value as Go's %T prints it. */
export function typeName(value: MaybeValue): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[]${elementTypeOf(value)}`;
  if (value instanceof Map) return `map[string]${elementTypeOf(value)}`;
  return value instanceof Instance ? value.type : kindOf(value);
}

/** The integer in a value of an integer type, else undefined. */
export function integerIn(value: MaybeValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof Typed && typeof value.value === 'bigint' ? value.value : undefined;
}

/** The number in a value of type float64, else undefined. */
export function floatIn(value: MaybeValue): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof Typed && typeof value.value === 'number' ? value.value : undefined;
}

/** Truth as in `if`: false, 0, "", nil and empty collections are false. */
export function isTrue(value: MaybeValue): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object') {
    if (Array.isArray(value)) return value.length > 0;
    if (value instanceof Instance) return true;
    return value instanceof Map ? value.size > 0 : Boolean(value.value);
  }
  return Number.isNaN(value) || Boolean(value);
}

/**
 * Keys in the order of their UTF-8 bytes, which is the order of their
 * code points (not of their UTF-16 units).
 */
export function sortedKeys(map: ValueMap): string[] {
  return [...map.keys()].sort(compareStrings);
}

/** Compares as Go does: by UTF-8 bytes. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return orderOfUnit(left) - orderOfUnit(right);
  }
  return a.length - b.length;
}

// Surrogates stand for characters above U+FFFF: in UTF-8 these sort after U+E000..U+FFFF.
const orderOfUnit = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Turns plain JSON-like data into template values. Objects become maps of their own enumerable keys. */
export function fromPlain(data: unknown): Value {
  if (data === null || data === undefined) return null;
  switch (typeof data) {
    case 'boolean':
    case 'string':
    case 'number':
    case 'bigint':
      return data;
    case 'object':
      if (Array.isArray(data)) return data.map(fromPlain);
      if (data instanceof Map) {
        return new Map([...data].map(([key, value]) => [String(key), fromPlain(value)]));
      }
      return new Map(Object.entries(data).map(([key, value]) => [key, fromPlain(value)]));
    default:
      throw new TypeError(`a ${typeof data} cannot be a template value`);
  }
}

/** A deep copy. */
export function copyValue(value: Value): Value {
  if (Array.isArray(value)) return withElementType(value.map(copyValue), elementTypeOf(value));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copyValue(item)]));
  return value;
}
