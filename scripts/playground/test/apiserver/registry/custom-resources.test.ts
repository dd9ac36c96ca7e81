import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { createStore, type MemoryStore } from '../../../storage/store.ts';
import { ask, watchToEnd } from '../http-client.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GRINDERS = '/apis/example.com/v1/namespaces/default/grinders';

const openAPIV3Schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['beans'],
      properties: {
        beans: { type: 'string', pattern: '^[a-z]+$', maxLength: 10 },
        size: { type: 'string', enum: ['coarse', 'fine'], default: 'fine' },
        replicas: { type: 'integer', minimum: 0, default: 1 },
        options: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        burrs: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, wear: { type: 'integer' } } },
        },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, phase: { type: 'string' } } },
  },
};

const definition = (name = 'grinders.example.com') => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'grinders', kind: 'Grinder', shortNames: ['gr'] },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: false,
        schema: { openAPIV3Schema },
      },
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Beans', type: 'string', jsonPath: '.spec.beans' },
          { name: 'Wanted', type: 'integer', jsonPath: '.spec.replicas' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
});

const grinder = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'example.com/v1',
  kind: 'Grinder',
  metadata: { name },
  spec,
});

let store: MemoryStore;
let server: ApiServer;

beforeAll(async () => {
  store = createStore();
  server = await startApiServer({ store, clusterObjects: false });
});

afterAll(() => server.close());

const create = (name: string, spec: Record<string, unknown>, query = '') =>
  ask(server, 'POST', GRINDERS + query, { body: grinder(name, spec) });

describe('a type that a CustomResourceDefinition brings', () => {
  it('is unknown before, served after, and says that it is established', async () => {
    expect((await ask(server, 'GET', GRINDERS)).code).toBe(404);
    const refused = await ask(server, 'POST', DEFINITIONS, { body: definition('wrong.example.com') });
    expect([refused.code, refused.body.message]).toEqual([
      422,
      'CustomResourceDefinition.apiextensions.k8s.io "wrong.example.com" is invalid: metadata.name: Invalid value: "wrong.example.com": must be spec.names.plural+"."+spec.group',
    ]);
    expect((await ask(server, 'POST', DEFINITIONS, { body: definition() })).code).toBe(201);
    const { body } = await ask(server, 'GET', `${DEFINITIONS}/grinders.example.com`);
    expect(body['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      storedVersions: ['v1'],
    });
    expect((await ask(server, 'GET', GRINDERS)).code).toBe(200);
    const group = await ask(server, 'GET', '/apis/example.com');
    expect(group.body['versions']).toMatchObject([{ version: 'v1' }, { version: 'v1beta1' }]);
  });

  it('has its defaults, loses fields it does not know, and keeps what may be unknown', async () => {
    const made = await create('a', { beans: 'arabica', nope: 1, options: { any: { thing: true } } });
    expect([made.code, made.headers['warning']]).toEqual([201, '299 - "unknown field \\"spec.nope\\""']);
    expect(made.body['spec']).toEqual({
      beans: 'arabica',
      size: 'fine',
      replicas: 1,
      options: { any: { thing: true } },
    });
    expect(made.body.metadata).toMatchObject({ generation: 1 });
  });

  it('is refused where its schema says so, in the words of the API server', async () => {
    const refused = await create('bad', { beans: 'X1', size: 'huge', replicas: -1, burrs: 'none' });
    expect([refused.code, refused.body.message]).toEqual([
      422,
      `Grinder.example.com "bad" is invalid: [spec.beans: Invalid value: "X1": spec.beans in body should match '^[a-z]+$', spec.size: Unsupported value: "huge": supported values: "coarse", "fine", spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0, spec.burrs: Invalid value: "string": spec.burrs in body must be of type array: "string"]`,
    ]);
    const missing = await create('bad', {});
    expect(missing.body.message).toBe('Grinder.example.com "bad" is invalid: spec.beans: Required value');
    const strict = await create('bad', { beans: 'a', nope: 1 }, '?fieldValidation=Strict');
    expect(strict.code).toBe(400);
  });

  it('shows the columns it asks for, and its ages as ages', async () => {
    const { body } = await ask(server, 'GET', GRINDERS, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const columns = body['columnDefinitions'] as { name: string }[];
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'Beans', 'Wanted', 'Age']);
    const [row] = body['rows'] as { cells: unknown[] }[];
    expect(row?.cells).toEqual(['a', 'arabica', 1, expect.stringMatching(/^\d+s$/)]);
  });

  it('is the same object in every version', async () => {
    const older = await ask(server, 'GET', GRINDERS.replace('/v1/', '/v1beta1/') + '/a');
    expect(older.body).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { beans: 'arabica' } });
  });

  it('scales, and keeps status and wish apart', async () => {
    const scaled = await ask(server, 'PATCH', `${GRINDERS}/a/scale`, {
      body: { spec: { replicas: 3 } },
      contentType: 'application/merge-patch+json',
    });
    expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 0 } });
    await ask(server, 'PATCH', `${GRINDERS}/a/status`, {
      body: { spec: { replicas: 9 }, status: { phase: 'Grinding', replicas: 2 } },
      contentType: 'application/merge-patch+json',
    });
    const { body } = await ask(server, 'GET', `${GRINDERS}/a`);
    expect(body).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 3 },
      status: { phase: 'Grinding', replicas: 2 },
    });
  });

  it('shares its keyed lists between managers of server-side apply', async () => {
    const apply = (manager: string, name: string) =>
      ask(server, 'PATCH', `${GRINDERS}/b?fieldManager=${manager}`, {
        body: grinder('b', { beans: 'robusta', burrs: [{ name, wear: 1 }] }),
        contentType: 'application/apply-patch+yaml',
      });
    expect((await apply('one', 'upper')).code).toBe(201);
    const second = await apply('two', 'lower');
    expect(second.body['spec']).toMatchObject({ burrs: [{ name: 'upper' }, { name: 'lower' }] });
  });

  it('is described for kubectl, and can be watched', async () => {
    const { body } = await ask(server, 'GET', '/openapi/v3/apis/example.com/v1');
    expect(body['components']).toHaveProperty(['schemas', 'com.example.v1.Grinder', 'properties', 'spec']);
    const seen = await watchToEnd(server, `${GRINDERS}?watch=true&timeoutSeconds=1`);
    expect(seen.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`)).toEqual([
      'ADDED a',
      'ADDED b',
    ]);
  });

  it('goes with its definition, and its objects with it', async () => {
    expect((await ask(server, 'DELETE', `${DEFINITIONS}/grinders.example.com`)).code).toBe(200);
    expect((await ask(server, 'GET', GRINDERS)).code).toBe(404);
    await ask(server, 'POST', DEFINITIONS, { body: definition() });
    expect((await ask(server, 'GET', GRINDERS)).body['items']).toEqual([]);
  });
});

describe('a definition the playground cannot serve in full', () => {
  it('is refused when it needs a webhook, and warned of when it has rules in CEL', async () => {
    const withWebhook = definition();
    Object.assign(withWebhook.spec, { conversion: { strategy: 'Webhook' } });
    expect((await ask(server, 'POST', DEFINITIONS, { body: withWebhook })).body.message).toBe(
      'the playground does not do this: conversion of custom resources by a webhook',
    );
    const ruled = structuredClone(definition('grinders.rules.example.com'));
    ruled.spec.group = 'rules.example.com';
    Object.assign(ruled.spec.versions[1]?.schema.openAPIV3Schema ?? {}, {
      'x-kubernetes-validations': [{ rule: 'self.spec.replicas < 3' }],
    });
    const warned = await ask(server, 'POST', `${DEFINITIONS}?dryRun=All`, { body: ruled });
    expect([warned.code, warned.headers['warning']]).toEqual([
      201,
      '299 - "the playground does not evaluate x-kubernetes-validations: what only they forbid is let in"',
    ]);
  });
});
