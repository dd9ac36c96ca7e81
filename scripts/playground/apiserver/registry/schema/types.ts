/** What the server knows about the shape of a value, and how two writers share it. */
export type Schema = Scalar | Struct | MapOf | ListOf | Open;

export interface Scalar {
  kind: 'scalar';
  type:
    'string' | 'bool' | 'int32' | 'int64' | 'double' | 'intstr' | 'quantity' | 'bytes' | 'time' | 'microtime';
}

export interface Struct {
  kind: 'struct';
  name: string;
  fields: ReadonlyMap<string, Schema>;
  /** What every other field is; undefined: there are no others. */
  rest?: Schema;
  required: ReadonlySet<string>;
  /** Protobuf: `3`, or `2.1` for a field of an embedded message. */
  wire: ReadonlyMap<string, WireField>;
  /** Owned as a whole: two managers cannot share it. */
  atomic: boolean;
  retainKeys: boolean;
}

export interface WireField {
  field: string;
  schema: Schema;
  /** An explicit zero is a value, not an absence. */
  keepsZero: boolean;
}

export interface MapOf {
  kind: 'map';
  value: Schema;
  atomic: boolean;
}

export interface ListOf {
  kind: 'list';
  item: Schema;
  /** Keys that identify an item for server-side apply; undefined: the list is atomic. */
  keys: string[] | undefined;
  /** Items are identified by their value. */
  set: boolean;
  /** The one key strategic merge patch goes by. */
  mergeKey: string | undefined;
  retainKeys: boolean;
}

/** No description (custom resources): objects are shared field by field, lists have one owner. */
export interface Open {
  kind: 'open';
}

export const OPEN: Open = { kind: 'open' };
