import type { ResourceType } from '../resource-type.ts';
import { groupVersion } from '../../../storage/resource-key.ts';
import { OPEN, type Open, type Scalar, type Schema, type Struct, type WireField } from './types.ts';
import { ISTIO_TYPES } from './istio-types.ts';
import { KUBERNETES_TYPES } from './kubernetes-types.ts';

const SCALARS = new Set([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'intstr',
  'quantity',
  'bytes',
  'time',
  'microtime',
]);

const lines = new Map<string, string>(
  `${KUBERNETES_TYPES.trim()}\n${ISTIO_TYPES.trim()}`.split('\n').map((line) => {
    const space = line.indexOf(' ');
    return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
  }),
);

const structs = new Map<string, Struct>();

/** `replicas@1*:int32`, `host!:string` */
const FIELD = /^([^:@!]+)(!?)(?:@([\d.]+)(\*?))?:(.+)$/;

/** The struct of that name; its fields are parsed when first looked at, since types refer to each other. */
export function structNamed(name: string): Struct | undefined {
  const known = structs.get(name);
  if (known !== undefined) return known;
  const line = lines.get(name);
  if (line === undefined) return undefined;
  const fields = new Map<string, Schema>();
  const required = new Set<string>();
  const wire = new Map<string, WireField>();
  const struct: Struct = { kind: 'struct', name, fields, required, wire, atomic: false, retainKeys: false };
  structs.set(name, struct);
  for (const text of line.split(' ').filter(Boolean)) {
    const [, field = '', isRequired, number, star, type = ''] = FIELD.exec(text) ?? [];
    const schema = parseType(type);
    fields.set(field, schema);
    if (isRequired === '!') required.add(field);
    if (number !== undefined) wire.set(number, { field, schema, keepsZero: star === '*' });
  }
  return struct;
}

function parseType(text: string): Schema {
  const list = /^\[(.+)\](?:\{([^}]*)\})?(?:\/(\w+))?(=?)(~?)$/.exec(text);
  if (list !== null) {
    const keys = list[2]?.split(',');
    return {
      kind: 'list',
      item: parseType(list[1] ?? ''),
      keys,
      set: list[4] === '=',
      mergeKey: list[3] ?? keys?.[0],
      retainKeys: list[5] === '~',
    };
  }
  const map = /^\{(.+)\}(!?)$/.exec(text);
  if (map !== null) return { kind: 'map', value: parseType(map[1] ?? ''), atomic: map[2] === '!' };
  if (SCALARS.has(text)) return { kind: 'scalar', type: text as Scalar['type'] };
  const name = text.replace(/[!~]+$/, '');
  const struct = structNamed(name);
  if (struct === undefined) return OPEN;
  if (text === name) return struct;
  return { ...struct, atomic: text.includes('!'), retainKeys: text.includes('~') };
}

const KIND_TYPES: Record<string, string> = {
  'autoscaling/v2/HorizontalPodAutoscaler': 'V2HorizontalPodAutoscaler',
  'events.k8s.io/v1/Event': 'EventsEvent',
  'authentication.k8s.io/v1/TokenRequest': 'AuthenticationTokenRequest',
};

const customs = new Map<string, Struct>();

/** The schema of one kind. Custom resources have a described metadata and an open rest. */
export function schemaOf(
  type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'custom' | 'defined'>,
): Struct | Open {
  if (type.defined !== undefined) return type.defined.schema;
  if (type.custom) return customSchema(type);
  return structNamed(KIND_TYPES[`${groupVersion(type)}/${type.kind}`] ?? type.kind) ?? OPEN;
}

function customSchema({ group, kind }: Pick<ResourceType, 'group' | 'kind'>): Struct {
  const id = `${kind}.${group}`;
  let struct = customs.get(id);
  if (struct === undefined) {
    const metadata = structNamed('ObjectMeta') ?? OPEN;
    const text: Scalar = { kind: 'scalar', type: 'string' };
    struct = {
      kind: 'struct',
      name: kind,
      fields: new Map<string, Schema>([
        ['apiVersion', text],
        ['kind', text],
        ['metadata', metadata],
        ['spec', group === 'networking.istio.io' ? (structNamed(`${kind}Spec`) ?? OPEN) : OPEN],
        ['status', OPEN],
      ]),
      required: new Set(),
      wire: new Map(),
      atomic: false,
      retainKeys: false,
    };
    customs.set(id, struct);
  }
  return struct;
}

/** The schema of a field within a value of this schema; undefined when the schema knows no such field. */
export function fieldSchema(schema: Schema, field: string): Schema | undefined {
  if (schema.kind === 'struct') return schema.fields.get(field) ?? schema.rest;
  if (schema.kind === 'map') return schema.value;
  return OPEN;
}
