import { createHash } from 'node:crypto';
import { groupVersion, type Registry, type ResourceType } from '../store/registry.ts';
import { schemaOf, type Schema, type Struct } from '../store/schema/schema.ts';
import { unknownResource } from '../store/status-error.ts';
import type { Answer } from './answer.ts';
import type { ApiContext } from './context.ts';
import type { ApiRequest } from './request.ts';

/**
 * OpenAPI v3: what `kubectl apply` asks before it writes (does PATCH know `fieldValidation`?), what `diff` merges by,
 * and what `explain` shows. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */

const SCHEMAS = '#/components/schemas/';

interface Document {
  text: string;
  hash: string;
}

/** Documents are made when first asked for; a registry that changed makes them anew. */
class Documents {
  private revision = -1;
  private readonly made = new Map<string, Document>();

  get(registry: Registry, group: string, version: string): Document | undefined {
    if (registry.revision !== this.revision) {
      this.made.clear();
      this.revision = registry.revision;
    }
    const key = `${group}/${version}`;
    let document = this.made.get(key);
    if (document === undefined) {
      const types = registry.all().filter((type) => type.group === group && type.version === version);
      if (types.length === 0) return undefined;
      const text = JSON.stringify(describe(types));
      document = { text, hash: createHash('sha512').update(text).digest('hex').toUpperCase() };
      this.made.set(key, document);
    }
    return document;
  }
}

const documents = new WeakMap<Registry, Documents>();

const pathOf = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

export function serveOpenApi(request: ApiRequest, context: ApiContext): Answer | undefined {
  if (request.path === '/openapi/v2') throw unknownResource();
  if (!request.path.startsWith('/openapi/v3')) return undefined;
  const { registry } = context.store;
  const known = documents.get(registry) ?? new Documents();
  documents.set(registry, known);
  const rest = request.path.slice('/openapi/v3'.length).replace(/^\/|\/$/g, '');
  if (rest === '') return serveIndex(request, registry, known);
  const [root, ...parts] = rest.split('/');
  const [group, version] = root === 'api' ? ['', parts[0]] : [parts[0] ?? '', parts[1]];
  const document = version === undefined ? undefined : known.get(registry, group, version);
  if (document === undefined) return undefined;
  return serveDocument(request, document);
}

function serveIndex(request: ApiRequest, registry: Registry, known: Documents): Answer {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const { group, versions } of registry.groups()) {
    for (const version of versions) {
      const path = pathOf(group, version);
      paths[path] = {
        serverRelativeURL: `/openapi/v3/${path}?hash=${known.get(registry, group, version)?.hash ?? ''}`,
      };
    }
  }
  const body = JSON.stringify({ paths });
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  const headers = { 'content-type': 'text/plain; charset=utf-8', etag };
  return request.headers['if-none-match'] === etag
    ? { code: 304, body: '', headers }
    : { code: 200, body, headers };
}

const YEAR_MS = 365 * 86_400_000;

function serveDocument(request: ApiRequest, { text, hash }: Document): Answer {
  const etag = `"${hash}"`;
  const asked = request.query.get('hash');
  const headers: Record<string, string> = { 'content-type': 'application/json', etag, vary: 'Accept' };
  if (asked !== null && asked !== hash) {
    return { code: 301, body: '', headers: { ...headers, location: `${request.path}?hash=${hash}` } };
  }
  if (asked !== null) {
    headers['cache-control'] = 'public, immutable';
    headers['expires'] = new Date(Date.now() + YEAR_MS).toUTCString();
  }
  return request.headers['if-none-match'] === etag
    ? { code: 304, body: '', headers }
    : { code: 200, body: text, headers };
}

function describe(types: ResourceType[]): unknown {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const type of types) {
    const root = rootName(type);
    const schema = schemaOf(type);
    const gvk = { group: type.group, version: type.version, kind: type.kind };
    if (schema.kind === 'struct') {
      collect(schema, schemas);
      schemas[root] = { ...describeStruct(schema), 'x-kubernetes-group-version-kind': [gvk] };
    } else schemas[root] = { type: 'object', 'x-kubernetes-group-version-kind': [gvk] };
    const scope = type.namespaced ? '/namespaces/{namespace}' : '';
    paths[`/${pathOf(type.group, type.version)}${scope}/${type.plural}/{name}`] = operations(type, root, gvk);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.4' },
    paths,
    components: { schemas },
  };
}

const rootName = (type: ResourceType): string => `${groupVersion(type).replaceAll('/', '.')}.${type.kind}`;

const QUERY = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
}));

function operations(type: ResourceType, root: string, gvk: object): Record<string, unknown> {
  const content = { 'application/json': { schema: { $ref: SCHEMAS + root } } };
  const responses = { 200: { description: 'OK', content } };
  const common = { 'x-kubernetes-group-version-kind': gvk, responses };
  return {
    ...(type.verbs.includes('get') ? { get: { ...common, 'x-kubernetes-action': 'get' } } : {}),
    ...(type.verbs.includes('patch')
      ? { patch: { ...common, 'x-kubernetes-action': 'patch', parameters: QUERY } }
      : {}),
  };
}

function collect(schema: Schema, into: Record<string, unknown>): void {
  if (schema.kind === 'list') collect(schema.item, into);
  else if (schema.kind === 'map') collect(schema.value, into);
  else if (schema.kind === 'struct' && !(schema.name in into)) {
    into[schema.name] = {};
    into[schema.name] = describeStruct(schema);
    schema.fields.forEach((field) => collect(field, into));
  }
}

function describeStruct(schema: Struct): Record<string, unknown> {
  const properties = Object.fromEntries(
    [...schema.fields].map(([name, field]) => [name, describeField(field)]),
  );
  return {
    type: 'object',
    properties,
    ...(schema.required.size === 0 ? {} : { required: [...schema.required] }),
  };
}

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

function describeField(schema: Schema): Record<string, unknown> {
  switch (schema.kind) {
    case 'scalar':
      return { ...SCALARS[schema.type] };
    case 'map':
      return {
        type: 'object',
        additionalProperties: describeField(schema.value),
        ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      };
    case 'list':
      return {
        type: 'array',
        items: describeField(schema.item),
        'x-kubernetes-list-type': schema.keys === undefined ? (schema.set ? 'set' : 'atomic') : 'map',
        ...(schema.keys === undefined ? {} : { 'x-kubernetes-list-map-keys': schema.keys }),
        ...(schema.mergeKey === undefined && !schema.set
          ? {}
          : { 'x-kubernetes-patch-strategy': schema.retainKeys ? 'merge,retainKeys' : 'merge' }),
        ...(schema.mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': schema.mergeKey }),
      };
    case 'struct':
      return {
        allOf: [{ $ref: SCHEMAS + schema.name }],
        ...(schema.retainKeys ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {}),
      };
    default:
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  }
}
