import { isObject, type JsonObject } from '../../storage/json.ts';
import { fieldSchema } from '../registry/schema/schema.ts';
import type { Schema } from '../registry/schema/types.ts';
import { badRequest } from '../status-error.ts';
import type { ResourceType } from '../registry/resource-type.ts';

/**
 * What the typed decoder of the API server does: it refuses wrong
 * types, and drops and reports fields it does not know.
 */
export interface Decoded {
  unknownFields: string[];
}

/**
 * Removes unknown fields from `object` (in place) and lists them as
 * `spec.replcas`; null as an element of a list becomes what Go makes of it.
 * @throws a 400 Status for a value of the wrong type, in the words of Go's decoder
 */
export function checkFields(type: ResourceType, object: JsonObject, schema: Schema): Decoded {
  const unknownFields: string[] = [];
  visit(object, schema, '', '', (path) => unknownFields.push(path), type);
  return { unknownFields };
}

function visit(
  value: unknown,
  schema: Schema,
  path: string,
  struct: string,
  report: (path: string) => void,
  type: ResourceType,
): void {
  if (value === null || value === undefined) return;
  // Custom resources are checked against their schema later, in other words.
  const fault = type.custom ? undefined : typeFault(value, schema);
  if (fault !== undefined) throw cannotHandle(type, fault(struct, path));
  if (schema.kind === 'list' && Array.isArray(value)) {
    if (!type.custom) fillNulls(value, schema.item);
    value.forEach((item, index) => visit(item, schema.item, `${path}[${index}]`, struct, report, type));
  } else if ((schema.kind === 'struct' || schema.kind === 'map') && isObject(value)) {
    for (const [field, inner] of Object.entries(value)) {
      const known = fieldSchema(schema, field);
      const at = path === '' ? field : `${path}.${field}`;
      if (known === undefined) {
        report(at);
        Reflect.deleteProperty(value, field);
      } else visit(inner, known, at, schema.kind === 'struct' ? goName(schema.name) : struct, report, type);
    }
  }
}

/** As Go's decoder does it: an element that is null is one whose fields all have their zero value. */
function fillNulls(list: unknown[], item: Schema): void {
  const zero = zeroOf(item);
  if (zero === undefined) return;
  for (const [index, element] of list.entries()) if (element === null) list[index] = zero();
}

function zeroOf(schema: Schema): (() => unknown) | undefined {
  if (schema.kind === 'struct') return () => ({});
  return schema.kind === 'scalar' && schema.type === 'string' ? () => '' : undefined;
}

const goName = (name: string): string => name.replace(/^V2/, '');

type Fault = (struct: string, path: string) => string;

const jsonType = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'object'
        ? 'object'
        : typeof value;

function typeFault(value: unknown, schema: Schema): Fault | undefined {
  const wrong =
    (goType: string): Fault =>
    (struct, path) =>
      `json: cannot unmarshal ${jsonType(value)} into Go struct field ${struct}.${path.replace(/\[\d+\]/g, '')} of type ${goType}`;
  switch (schema.kind) {
    case 'struct':
      return isObject(value) ? undefined : wrong(`v1.${goName(schema.name)}`);
    case 'map':
      return isObject(value) ? undefined : wrong('map[string]string');
    case 'list':
      return Array.isArray(value)
        ? undefined
        : wrong(`[]${schema.item.kind === 'struct' ? `v1.${goName(schema.item.name)}` : 'string'}`);
    case 'scalar':
      return scalarFault(value, schema.type, wrong);
    default:
      return undefined;
  }
}

function scalarFault(value: unknown, type: string, wrong: (goType: string) => Fault): Fault | undefined {
  switch (type) {
    case 'string':
    case 'bytes':
      return typeof value === 'string' ? undefined : wrong(type === 'bytes' ? '[]uint8' : 'string');
    case 'bool':
      return typeof value === 'boolean' ? undefined : wrong('bool');
    case 'int32':
    case 'int64':
      if (typeof value !== 'number') return wrong(type);
      return Number.isInteger(value) ? undefined : wrong(type);
    case 'double':
      return typeof value === 'number' ? undefined : wrong('float64');
    case 'time':
      return timeFault(
        value,
        '2006-01-02T15:04:05Z07:00',
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
      );
    case 'microtime':
      return timeFault(
        value,
        '2006-01-02T15:04:05.000000Z07:00',
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/,
      );
    default:
      return undefined;
  }
}

function timeFault(value: unknown, layout: string, pattern: RegExp): Fault | undefined {
  if (typeof value !== 'string')
    return () => `json: cannot unmarshal ${jsonType(value)} into Go value of type string`;
  if (pattern.test(value)) return undefined;
  return () => {
    const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(value)?.[0];
    const [rest, missing] =
      date === undefined
        ? [value, '2006']
        : [value.slice(date.length), layout.slice('2006-01-02T15:04:05'.length).replace('Z07:00', '')];
    return `parsing time "${value}" as "${layout}": cannot parse "${rest}" as "${missing}"`;
  };
}

const cannotHandle = (type: ResourceType, why: string) =>
  badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);

/** @param faults e.g. `unknown field "spec.x"` */
export const strictError = (type: ResourceType, faults: string[]) =>
  cannotHandle(type, `strict decoding error: ${faults.join(', ')}`);

/** One line of a `Warning` header: https://www.rfc-editor.org/rfc/rfc7234#section-5.5 */
export const warningLine = (text: string): string => `299 - ${JSON.stringify(text)}`;
