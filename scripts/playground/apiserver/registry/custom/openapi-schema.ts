import { deepCopy, isObject, type JsonObject } from '../../../storage/json.ts';
import { structNamed } from '../schema/schema.ts';
import { OPEN, type ListOf, type Schema, type Struct } from '../schema/types.ts';

/**
 * An `openAPIV3Schema` as the store understands shapes: what fields there are, and how two writers share
 * them. Where `x-kubernetes-preserve-unknown-fields` stands, the fields that are not named there are kept as
 * they are; named ones are shaped as everywhere.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#controlling-pruning
 */
export function shapeOf(kind: string, openApi: JsonObject): Struct {
  return asResource(structOf(kind, openApi));
}

/** An object of its own: what every one has besides its own fields. */
function asResource(struct: Struct): Struct {
  const text: Schema = { kind: 'scalar', type: 'string' };
  const metadata = structNamed('ObjectMeta') ?? OPEN;
  return {
    ...struct,
    fields: new Map([...struct.fields, ['apiVersion', text], ['kind', text], ['metadata', metadata]]),
  };
}

function structOf(name: string, openApi: JsonObject): Struct {
  const properties = isObject(openApi['properties']) ? openApi['properties'] : {};
  return {
    kind: 'struct',
    name,
    fields: new Map(
      Object.entries(properties).map(([field, inner]) => [field, shape(`${name}.${field}`, inner)]),
    ),
    ...(keepsUnknown(openApi) ? { rest: OPEN } : {}),
    required: new Set(Array.isArray(openApi['required']) ? openApi['required'].map(String) : []),
    wire: new Map(),
    atomic: openApi['x-kubernetes-map-type'] === 'atomic',
    retainKeys: false,
  };
}

const SCALARS: Record<string, Schema> = {
  boolean: { kind: 'scalar', type: 'bool' },
  integer: { kind: 'scalar', type: 'int64' },
  number: { kind: 'scalar', type: 'double' },
  string: { kind: 'scalar', type: 'string' },
};

function shape(name: string, openApi: unknown): Schema {
  if (!isObject(openApi)) return OPEN;
  if (openApi['x-kubernetes-int-or-string'] === true) return { kind: 'scalar', type: 'intstr' };
  const { type, items, additionalProperties, properties } = openApi;
  if (type === 'array') return listOf(name, openApi, items);
  if (openApi['x-kubernetes-embedded-resource'] === true) return asResource(structOf(name, openApi));
  if (properties === undefined && additionalProperties !== undefined && additionalProperties !== false) {
    const atomic = openApi['x-kubernetes-map-type'] === 'atomic';
    return { kind: 'map', value: shape(name, additionalProperties), atomic };
  }
  if (properties === undefined && keepsUnknown(openApi)) return OPEN;
  if (type !== 'object' && properties === undefined) return SCALARS[String(type)] ?? OPEN;
  return structOf(name, openApi);
}

function listOf(name: string, openApi: JsonObject, items: unknown): ListOf {
  const keys = openApi['x-kubernetes-list-map-keys'];
  return {
    kind: 'list',
    item: shape(name, items),
    keys: openApi['x-kubernetes-list-type'] === 'map' && Array.isArray(keys) ? keys.map(String) : undefined,
    set: openApi['x-kubernetes-list-type'] === 'set',
    mergeKey: undefined,
    retainKeys: false,
  };
}

const keepsUnknown = (openApi: JsonObject): boolean =>
  openApi['x-kubernetes-preserve-unknown-fields'] === true;

/** Fills in `default` where a field is missing, in place. */
export function fillDefaults(openApi: unknown, value: unknown): void {
  if (!isObject(openApi)) return;
  if (Array.isArray(value)) {
    value.forEach((item) => fillDefaults(openApi['items'], item));
    return;
  }
  if (!isObject(value)) return;
  const properties = isObject(openApi['properties']) ? openApi['properties'] : {};
  for (const [field, inner] of Object.entries(properties)) {
    if (isMissing(value[field], inner) && isObject(inner) && inner['default'] !== undefined)
      value[field] = deepCopy(inner['default']);
    fillDefaults(inner, value[field]);
  }
  if (!isObject(openApi['additionalProperties'])) return;
  for (const [field, inner] of Object.entries(value))
    if (!(field in properties)) fillDefaults(openApi['additionalProperties'], inner);
}

/** A null where none may be stands for no value. */
const isMissing = (value: unknown, openApi: unknown): boolean =>
  value === undefined || (value === null && isObject(openApi) && openApi['nullable'] !== true);
