import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkFields } from '../../../apiserver/negotiation/field-validation.ts';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { shapeOf } from '../../../apiserver/registry/custom/openapi-schema.ts';
import { createStore } from '../../../storage/store.ts';
import { ask, type Answered } from '../http-client.ts';

/**
 * Which fields of a custom resource are kept that its schema does not
 * name, for each place where a schema may say so.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#controlling-pruning
 */

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
});

afterAll(() => server.close());

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const KEEP = { 'x-kubernetes-preserve-unknown-fields': true };
const EMBEDDED = { 'x-kubernetes-embedded-resource': true };
const TEXT = { type: 'string' };

let count = 0;

/** Brings a kind with this schema; returns where its objects are. */
async function define(
  openAPIV3Schema: object,
  more: object = {},
): Promise<{ path: string; kind: string; answer: Answered }> {
  count += 1;
  const [plural, kind] = [`things${count}`, `Thing${count}`];
  const answer = await ask(server, 'POST', DEFINITIONS, {
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.example.com` },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural, kind },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema },
            subresources: { status: {} },
          },
        ],
        ...more,
      },
    },
  });
  return { path: `/apis/example.com/v1/namespaces/default/${plural}`, kind, answer };
}

const root = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });

type Case = [where: string, schema: object, given: object, kept: object];
const CASES: Case[] = [
  [
    'at the root, without any property',
    { type: 'object', ...KEEP },
    { spec: { a: { b: [1] } }, more: 1 },
    { spec: { a: { b: [1] } }, more: 1 },
  ],
  [
    'at the root, beside a named property',
    root({ spec: object({ a: TEXT }) }, KEEP),
    { spec: { a: 'a', b: 1 }, more: { x: 1 } },
    { spec: { a: 'a' }, more: { x: 1 } },
  ],
  ['nowhere, without any property', { type: 'object' }, { spec: { a: 1 }, more: 1 }, {}],
  [
    'nowhere: an object without properties',
    root({ spec: { type: 'object' } }),
    { spec: { a: 1 } },
    { spec: {} },
  ],
  [
    'at a field',
    root({ spec: { type: 'object', ...KEEP } }),
    { spec: { a: { b: 1 } }, more: 1 },
    { spec: { a: { b: 1 } } },
  ],
  [
    'at a field of no type',
    root({ spec: object({ any: KEEP }) }),
    { spec: { any: [1, { a: 2 }], no: 1 } },
    { spec: { any: [1, { a: 2 }] } },
  ],
  [
    'at a field with properties of its own, which are pruned again',
    root({ spec: object({ a: object({ b: TEXT }) }, KEEP) }),
    { spec: { a: { b: 'b', c: 1 }, d: { e: 1 } } },
    { spec: { a: { b: 'b' }, d: { e: 1 } } },
  ],
  [
    'in items',
    root({ spec: object({ list: { type: 'array', items: { type: 'object', ...KEEP } } }) }),
    { spec: { list: [{ a: 1 }, { b: 2 }] } },
    { spec: { list: [{ a: 1 }, { b: 2 }] } },
  ],
  [
    'not in items',
    root({ spec: object({ list: { type: 'array', items: object({ a: TEXT }) } }) }),
    { spec: { list: [{ a: 'a', b: 2 }] } },
    { spec: { list: [{ a: 'a' }] } },
  ],
  [
    'at a list, whose items are pruned again',
    root({ spec: object({ list: { type: 'array', items: object({ a: TEXT }), ...KEEP } }) }),
    { spec: { list: [{ a: 'a', b: 2 }] } },
    { spec: { list: [{ a: 'a' }] } },
  ],
  [
    'in additionalProperties',
    root({ spec: { type: 'object', additionalProperties: { type: 'object', ...KEEP } } }),
    { spec: { x: { a: 1 }, y: { b: { c: 2 } } } },
    { spec: { x: { a: 1 }, y: { b: { c: 2 } } } },
  ],
  [
    'not in additionalProperties',
    root({ spec: { type: 'object', additionalProperties: object({ a: TEXT }) } }),
    { spec: { x: { a: 'a', b: 1 } } },
    { spec: { x: { a: 'a' } } },
  ],
  [
    'in an embedded resource that keeps them',
    root({ spec: object({ pod: { type: 'object', ...EMBEDDED, ...KEEP } }) }),
    { spec: { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { a: 1 } } } },
    { spec: { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { a: 1 } } } },
  ],
  [
    'in an embedded resource that names its own: what every object has is kept',
    root({ spec: object({ pod: object({ spec: object({ a: TEXT }) }, EMBEDDED) }) }),
    {
      spec: {
        pod: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'p', labels: { l: 'x' } },
          spec: { a: 'a', b: 1 },
          more: 1,
        },
      },
    },
    {
      spec: {
        pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { l: 'x' } }, spec: { a: 'a' } },
      },
    },
  ],
  [
    'beside an integer or a text',
    root({
      spec: object({
        port: { 'x-kubernetes-int-or-string': true },
        size: { anyOf: [{ type: 'integer' }, TEXT], 'x-kubernetes-int-or-string': true },
      }),
    }),
    { spec: { port: 8080, size: '50%', no: 1 } },
    { spec: { port: 8080, size: '50%' } },
  ],
];

describe('fields that a schema does not name', () => {
  it.each(CASES)('are kept as asked for %s', async (_where, schema, given, kept) => {
    const { path, kind } = await define(schema);
    const body = { apiVersion: 'example.com/v1', kind, metadata: { name: 'x' }, ...given };
    const made = await ask(server, 'POST', path, { body });
    expect([made.code, made.body.message]).toEqual([201, undefined]);
    const contentOf = ({ body }: Answered) =>
      Object.fromEntries(Object.entries(body).filter(([field]) => field !== 'metadata'));
    const wanted = { apiVersion: 'example.com/v1', kind, ...kept };
    const stored = await ask(server, 'GET', `${path}/x`);
    expect(contentOf(stored)).toEqual(wanted);
    // Written in the other ways, it is kept as well, and pruned as well.
    const update = {
      ...body,
      metadata: { name: 'x', resourceVersion: stored.body.metadata?.['resourceVersion'] },
    };
    const replaced = await ask(server, 'PUT', `${path}/x`, { body: update });
    expect(contentOf(replaced)).toEqual(wanted);
    const merged = await ask(server, 'PATCH', `${path}/x`, {
      body: given,
      contentType: 'application/merge-patch+json',
    });
    expect(contentOf(merged)).toEqual(wanted);
    const applied = await ask(server, 'PATCH', `${path}/y?fieldManager=me&force=true`, {
      body: { apiVersion: 'example.com/v1', kind, metadata: { name: 'y' }, ...kept },
      contentType: 'application/apply-patch+yaml',
    });
    expect(applied.code).toBe(201);
    expect(contentOf(applied)).toEqual(wanted);
    // What was kept is no fault either where every unknown field is one.
    const strict = await ask(server, 'POST', `${path}?fieldValidation=Strict`, {
      body: { apiVersion: 'example.com/v1', kind, metadata: { name: 'strict' }, ...kept },
    });
    expect([strict.code, strict.body.message]).toEqual([201, undefined]);
  });

  it('are kept in a status that is written by itself, and not by way of the object', async () => {
    const { path, kind } = await define({ type: 'object', ...KEEP });
    const body = {
      apiVersion: 'example.com/v1',
      kind,
      metadata: { name: 'x' },
      spec: { a: 1 },
      status: { no: 1 },
    };
    expect((await ask(server, 'POST', path, { body })).body['status']).toBeUndefined();
    const patch = { body: { status: { phase: 'Well', seen: [{ at: 1 }] }, spec: { a: 2 } } };
    const patched = await ask(server, 'PATCH', `${path}/x/status`, {
      ...patch,
      contentType: 'application/merge-patch+json',
    });
    expect([patched.body['status'], patched.body['spec']]).toEqual([
      { phase: 'Well', seen: [{ at: 1 }] },
      { a: 1 },
    ]);
  });

  it('are shared between appliers field by field', async () => {
    const { path, kind } = await define({ type: 'object', ...KEEP });
    const apply = (manager: string, spec: object) =>
      ask(server, 'PATCH', `${path}/x?fieldManager=${manager}`, {
        body: { apiVersion: 'example.com/v1', kind, metadata: { name: 'x' }, spec },
        contentType: 'application/apply-patch+yaml',
      });
    await apply('one', { a: 1, deep: { x: 1 } });
    expect((await apply('two', { b: 2, deep: { y: 2 } })).body['spec']).toEqual({
      a: 1,
      b: 2,
      deep: { x: 1, y: 2 },
    });
    expect((await apply('two', { a: 3 })).code).toBe(409);
    expect((await apply('one', { a: 1 })).body['spec']).toEqual({ a: 1, b: 2, deep: { y: 2 } });
  });

  it('are what the pruning of a real API server leaves, for random schemas and objects', () => {
    fc.assert(
      fc.property(schemas.tree, values.tree, (schema, any) => {
        const value = fitted(any, schema);
        const shape = shapeOf('Thing', schema as never);
        const ours = structuredClone(value) as never;
        checkFields({ custom: true } as never, ours, shape);
        const theirs = structuredClone(value);
        prune(theirs, { ...schema, ...EMBEDDED });
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a definition', () => {
  it('is refused with preserveUnknownFields as v1beta1 had it, and told what to write instead', async () => {
    const { answer } = await define({ type: 'object' }, { preserveUnknownFields: true });
    expect([answer.code, answer.body.message]).toEqual([
      422,
      expect.stringContaining(
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    ]);
  });

  it('is refused with an embedded resource that can hold nothing', async () => {
    const { answer } = await define(
      root({ spec: object({ list: { type: 'array', items: { type: 'object', ...EMBEDDED } } }) }),
    );
    expect(answer.body.message).toContain(
      'spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[list].items.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
  });

  it('has embedded objects say what they are, and ports be what they may be', async () => {
    const { path, kind } = await define(
      root({
        spec: object({
          pod: { type: 'object', ...EMBEDDED, ...KEEP },
          port: { 'x-kubernetes-int-or-string': true },
        }),
      }),
    );
    const body = {
      apiVersion: 'example.com/v1',
      kind,
      metadata: { name: 'x' },
      spec: { pod: { metadata: {} }, port: true },
    };
    expect((await ask(server, 'POST', path, { body })).body.message).toBe(
      `${kind}.example.com "x" is invalid: [spec.pod.apiVersion: Required value: must not be empty, spec.pod.kind: Required value: must not be empty, spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"]`,
    );
  });
});

// Kubernetes' own algorithm, as a reference (apiextensions-apiserver, pkg/apiserver/schema/pruning).

interface SchemaNode {
  type?: string;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
}

function prune(value: unknown, schema: SchemaNode): void {
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isMeta = (field: string) =>
    schema['x-kubernetes-embedded-resource'] === true && ['apiVersion', 'kind', 'metadata'].includes(field);
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) prune(item, schema.items);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    if (isMeta(field)) continue;
    const known = schema.properties?.[field] ?? schema.additionalProperties;
    if (known !== undefined) prune(inner, known);
    else if (!keeps) Reflect.deleteProperty(value, field);
  }
}

/** The value with the types that the schema asks for: others are refused later, in other words. */
function fitted(value: unknown, schema: SchemaNode | undefined): unknown {
  if (schema?.type === 'string') return 'text';
  if (schema?.type === 'array') return [value].flat().map((item) => fitted(item, schema.items));
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (schema?.type === 'object' && !isPlain) return {};
  if (schema === undefined || !isPlain) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field,
      fitted(inner, schema.properties?.[field] ?? schema.additionalProperties),
    ]),
  );
}

const FIELDS = ['a', 'b', 'c'];
const extensions = fc.record({ 'x-kubernetes-preserve-unknown-fields': fc.boolean() });

/** Structural schemas: a type, and at most one of properties and additionalProperties. */
const schemas = fc.letrec<{ tree: SchemaNode; node: SchemaNode }>((tie) => ({
  tree: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...FIELDS), tie('node'), { maxKeys: 3, noNullPrototype: true }),
      extensions,
    )
    .map(([properties, more]) => ({ type: 'object', properties, ...more })),
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<SchemaNode>(TEXT, { type: 'object' }, { type: 'object', ...KEEP }, KEEP),
    tie('tree'),
    fc.tuple(tie('tree'), fc.constant(EMBEDDED)).map(([tree, more]) => ({ ...tree, ...more })),
    fc.tuple(tie('node'), extensions).map(([items, more]) => ({ type: 'array', items, ...more })),
    fc
      .tuple(tie('node'), extensions)
      .map(([additionalProperties, more]) => ({ type: 'object', additionalProperties, ...more })),
  ),
}));

/** Objects of the same few fields, so that they meet the schemas. */
const values = fc.letrec<{ tree: object; node: unknown }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom(...FIELDS, 'kind'), tie('node'), { maxKeys: 4, noNullPrototype: true }),
  node: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom('text', 1),
    tie('tree'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
}));
