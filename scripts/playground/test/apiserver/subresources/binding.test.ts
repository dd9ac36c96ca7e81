import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import { createStore } from '../../../storage/store.ts';
import { ask } from '../http-client.ts';

let server: ApiServer;

const PODS = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  server = await startApiServer({ store: createStore(), clusterObjects: false });
  for (const name of ['a', 'b', 'c']) {
    const spec = { schedulerName: 'mine', containers: [{ name: 'c', image: 'shop:1' }] };
    const { code } = await ask(server, 'POST', PODS, { body: { metadata: { name }, spec } });
    expect(code).toBe(201);
  }
});

afterAll(() => server.close());

const binding = (name: string, node: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, ...metadata },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
});

const nodeOf = async (name: string): Promise<unknown> =>
  ((await ask(server, 'GET', `${PODS}/${name}`)).body['spec'] as { nodeName?: string }).nodeName;

describe('a scheduler of one’s own', () => {
  it('puts a pod on a node, once', async () => {
    const bound = await ask(server, 'POST', `${PODS}/a/binding`, { body: binding('a', 'node-1') });
    expect([bound.code, bound.body]).toEqual([
      201,
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
    ]);
    expect(await nodeOf('a')).toBe('node-1');
    const again = await ask(server, 'POST', `${PODS}/a/binding`, { body: binding('a', 'node-2') });
    expect([again.code, again.body.reason, again.body.message]).toEqual([
      409,
      'Conflict',
      'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "node-1"',
    ]);
    expect(await nodeOf('a')).toBe('node-1');
  });

  it('can do so by the older path too, and try it first', async () => {
    const path = '/api/v1/namespaces/default/bindings';
    expect((await ask(server, 'POST', `${path}?dryRun=All`, { body: binding('b', 'node-1') })).code).toBe(
      201,
    );
    expect(await nodeOf('b')).toBeUndefined();
    expect((await ask(server, 'POST', path, { body: binding('b', 'node-1') })).code).toBe(201);
    expect(await nodeOf('b')).toBe('node-1');
  });

  it('is refused without a node, for a pod that is not there, and for another than it saw', async () => {
    const ofC = (body: unknown) => ask(server, 'POST', `${PODS}/c/binding`, { body });
    const nowhere = await ofC(binding('c', ''));
    expect([nowhere.code, nowhere.body.message]).toEqual([
      422,
      'Binding "c" is invalid: target.name: Required value',
    ]);
    const noNode = { ...binding('c', 'x'), target: { kind: 'Shelf', name: 'x' } };
    expect((await ofC(noNode)).body.message).toBe(
      'Binding "c" is invalid: target.kind: Unsupported value: "Shelf": supported values: "Node", "<empty>"',
    );
    const nobody = await ask(server, 'POST', `${PODS}/nobody/binding`, { body: binding('nobody', 'node-1') });
    expect([nobody.code, nobody.body.message]).toEqual([404, 'pods "nobody" not found']);
    const stranger = await ofC(binding('c', 'node-1', { uid: 'another' }));
    expect([stranger.code, stranger.body.reason]).toEqual([409, 'Conflict']);
    expect(await nodeOf('c')).toBeUndefined();
    await ask(server, 'PATCH', `${PODS}/c`, {
      body: { metadata: { finalizers: ['example.com/wait'] } },
      contentType: 'application/merge-patch+json',
    });
    await ask(server, 'DELETE', `${PODS}/c`);
    const leaving = await ofC(binding('c', 'node-1'));
    expect([leaving.code, leaving.body.message]).toEqual([
      409,
      'Operation cannot be fulfilled on pods/binding "c": pod c is being deleted, cannot be assigned to a host',
    ]);
  });
});
