import { isObject } from '../../../storage/json.ts';
import type { ResourceType } from '../../registry/resource-type.ts';
import { schemaOf, structNamed } from '../../registry/schema/schema.ts';
import type { Schema, Struct } from '../../registry/schema/types.ts';
import { describeType } from './descriptions.ts';

/**
 * The types of one group version, as OpenAPI describes them. Where
 * they refer to each other, `prefix` comes before the name.
 */
export class SchemaBuilder {
  readonly schemas: Record<string, unknown> = {};
  private readonly prefix: string;
  private readonly group: string;
  private readonly version: string;

  constructor(prefix: string, group: string, version: string) {
    this.prefix = prefix;
    this.group = group;
    this.version = version;
  }

  /** Adds the type with everything it refers to. @returns its name */
  add(type: ResourceType): string {
    const gvk = { group: type.group, version: type.version, kind: type.kind };
    const schema = schemaOf(type);
    const isStruct = schema.kind === 'struct';
    const name =
      isStruct && !type.custom ? this.nameOf(schema) : `${reversed(type.group)}.${type.version}.${type.kind}`;
    if (type.defined !== undefined) {
      this.schemas[name] = {
        ...this.definedSchema(type.defined.openApi),
        'x-kubernetes-group-version-kind': [gvk],
      };
    } else if (isStruct) {
      this.schemas[name] = { ...this.struct(schema), 'x-kubernetes-group-version-kind': [gvk] };
    } else this.schemas[name] = { type: 'object', 'x-kubernetes-group-version-kind': [gvk] };
    return name;
  }

  /** What a CustomResourceDefinition gave, with the fields every object has. */
  private definedSchema(openApi: Record<string, unknown>): Record<string, unknown> {
    const properties = isObject(openApi['properties']) ? openApi['properties'] : {};
    const metadata = structNamed('ObjectMeta');
    const text = { type: 'string' };
    return {
      ...openApi,
      properties: {
        apiVersion: text,
        kind: text,
        ...properties,
        metadata: metadata === undefined ? { type: 'object' } : { allOf: [this.reference(metadata)] },
      },
    };
  }

  private nameOf(schema: Struct): string {
    return describeType(schema.name, this.group, this.version).fullName;
  }

  private reference(schema: Struct): Record<string, unknown> {
    const name = this.nameOf(schema);
    if (!(name in this.schemas)) {
      this.schemas[name] = {};
      this.schemas[name] = this.struct(schema);
    }
    return { $ref: this.prefix + name };
  }

  private struct(schema: Struct): Record<string, unknown> {
    const about = describeType(schema.name, this.group, this.version);
    const required = new Set([...schema.required, ...about.required]);
    const properties = Object.fromEntries(
      [...schema.fields].map(([field, inner]) => {
        const { description, values = [] } = about.fields.get(field) ?? {};
        return [
          field,
          {
            ...(description === undefined ? {} : { description }),
            ...this.field(inner),
            ...(values.length === 0 ? {} : { enum: values }),
          },
        ];
      }),
    );
    return {
      ...(about.description === undefined ? {} : { description: about.description }),
      type: 'object',
      properties,
      ...(schema.rest === undefined ? {} : { 'x-kubernetes-preserve-unknown-fields': true }),
      ...(required.size === 0 ? {} : { required: [...required].sort() }),
    };
  }

  private field(schema: Schema): Record<string, unknown> {
    switch (schema.kind) {
      case 'scalar':
        return this.scalar(schema.type);
      case 'map':
        return {
          type: 'object',
          additionalProperties: this.field(schema.value),
          ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        };
      case 'list':
        return {
          type: 'array',
          items: this.field(schema.item),
          'x-kubernetes-list-type': schema.keys === undefined ? (schema.set ? 'set' : 'atomic') : 'map',
          ...(schema.keys === undefined ? {} : { 'x-kubernetes-list-map-keys': schema.keys }),
          ...(schema.mergeKey === undefined && !schema.set
            ? {}
            : { 'x-kubernetes-patch-strategy': schema.retainKeys ? 'merge,retainKeys' : 'merge' }),
          ...(schema.mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': schema.mergeKey }),
        };
      case 'struct':
        return {
          allOf: [this.reference(schema)],
          ...(schema.retainKeys ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {}),
        };
      default:
        return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    }
  }

  private scalar(type: string): Record<string, unknown> {
    const named = NAMED_SCALARS[type];
    if (named === undefined) return { ...SCALARS[type] };
    this.schemas[named] ??= SCALARS[type];
    return { allOf: [{ $ref: this.prefix + named }] };
  }
}

/** `networking.istio.io` -> io.istio.networking, as definitions of custom resources are named. */
const reversed = (group: string): string => group.split('.').reverse().join('.');

/** Scalars that have a definition of their own. */
const NAMED_SCALARS: Record<string, string> = {
  intstr: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
};

const SCALARS: Record<string, object> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  intstr: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
};
