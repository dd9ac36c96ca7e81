import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../../apiserver/index.ts';
import { createStore } from '../../../../storage/store.ts';
import { ask } from '../../http-client.ts';

const PATH = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ store: createStore({}) });
});
afterAll(() => server.close());

const create = (more: object) => ask(server, 'POST', PATH, { body: { metadata: { name: 'b' }, ...more } });
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
const NO_KIND = 'Unsupported value: "": supported values: "ServiceAccount", "User", "Group"';

describe('the binding of a role', () => {
  it.each([
    ['a subject that is null', { roleRef, subjects: [null] }, `subjects[0].name: Required value`],
    ['a subject without a kind', { roleRef, subjects: [{ name: 'x' }] }, `subjects[0].kind: ${NO_KIND}`],
    [
      'a ServiceAccount without a namespace',
      { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'x' }] },
      'subjects[0].namespace: Required value',
    ],
    ['a role that is null', { roleRef: null }, 'roleRef.name: Required value'],
    [
      'a role of another kind',
      { roleRef: { ...roleRef, kind: 'Pod' } },
      'roleRef.kind: Unsupported value: "Pod"',
    ],
  ])('is refused with %s, and keeps nobody from anything', async (_what, more, message) => {
    const answer = await create(more);
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain(message);
    const asked = await ask(server, 'GET', PATH, { headers: { 'impersonate-user': 'somebody' } });
    expect(asked.code).toBe(403);
  });

  it('is taken with users, groups and ServiceAccounts', async () => {
    const group = 'rbac.authorization.k8s.io';
    const subjects = [
      { kind: 'ServiceAccount', name: 'x', namespace: 'default' },
      { apiGroup: group, kind: 'User', name: 'x' },
      { apiGroup: group, kind: 'Group', name: 'x' },
    ];
    expect((await create({ roleRef, subjects })).code).toBe(201);
  });
});

describe('null as an element of a list', () => {
  it.each([
    [
      '/api/v1/namespaces/default/pods',
      { spec: { containers: [null] } },
      'spec.containers[0].name: Required value',
    ],
    [
      '/apis/apps/v1/namespaces/default/deployments',
      {
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [null] } },
        },
      },
      'spec.template.spec.containers[0].name: Required value',
    ],
  ])('is one without any field: %s', async (path, more, message) => {
    const answer = await ask(server, 'POST', path, { body: { metadata: { name: 'n' }, ...more } });
    expect([answer.code, answer.body.message]).toEqual([422, expect.stringContaining(message)]);
  });
});
