import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../apiserver/index.ts';
import { createStore } from '../../storage/store.ts';
import { ask } from './http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
});

afterAll(() => server.close());

const PODS = '/api/v1/namespaces/default/pods';

describe('what a real API server serves and this one does not', () => {
  it.each(['ephemeralcontainers', 'resize'])('is said of pods/%s, read or written', async (subresource) => {
    const path = `${PODS}/x/${subresource}`;
    const patch = { body: { spec: {} }, contentType: 'application/strategic-merge-patch+json' };
    for (const answer of [await ask(server, 'GET', path), await ask(server, 'PATCH', path, patch)])
      expect([answer.code, answer.body]).toEqual([
        501,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: `the playground does not serve pods/${subresource}`,
          reason: 'NotImplemented',
          details: {},
          code: 501,
        },
      ]);
    const { body } = await ask(server, 'GET', '/api/v1');
    const names = (body['resources'] as { name: string }[]).map(({ name }) => name);
    expect(names).not.toContain(`pods/${subresource}`);
  });

  it('is said of namespaces/finalize, which knows no other way than to write', async () => {
    const path = '/api/v1/namespaces/default/finalize';
    const body = { metadata: { name: 'default' }, spec: { finalizers: [] } };
    const written = await ask(server, 'PUT', path, { body });
    expect([written.code, written.body.reason, written.body.message]).toEqual([
      501,
      'NotImplemented',
      'the playground does not serve namespaces/finalize',
    ]);
    expect((await ask(server, 'GET', path)).code).toBe(405);
    expect((await ask(server, 'GET', '/api/v1/namespaces/default')).body).toMatchObject({
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('is unknown where a real one does not know it either', async () => {
    const { code, body } = await ask(server, 'GET', `${PODS}/x/nothing`);
    expect([code, body.message]).toEqual([404, 'the server could not find the requested resource']);
  });
});
