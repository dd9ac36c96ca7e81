import { spawn } from 'node:child_process';
import net from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { impersonated } from '../../../apiserver/auth/impersonate.ts';
import { startApiServer, type ApiServer } from '../../../apiserver/index.ts';
import type { ApiRequest } from '../../../apiserver/request.ts';
import { createStore, type MemoryStore } from '../../../storage/store.ts';
import { ask } from '../http-client.ts';
import { askRaw, type RawAsk, type Transport } from '../upgrade-client.ts';
import { endAfterAll } from '../../../../../test/support/end-after-all.ts';

/**
 * What `kubectl auth can-i` says and what the server then does are
 * one: over plain requests, WebSockets and SPDY alike.
 */

let server: ApiServer;
let store: MemoryStore;
let echo: net.Server;

const ROLES = 'rbac.authorization.k8s.io/v1/roles';
const BINDINGS = 'rbac.authorization.k8s.io/v1/rolebindings';
const RBAC = 'rbac.authorization.k8s.io';

const atEnd = endAfterAll();
beforeAll(async () => {
  store = createStore();
  store.create('v1/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', labels: { app: 'p' } },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  store.create('v1/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'default' },
    spec: { ports: [{ port: 80 }], selector: { app: 'p' } },
  });
  echo = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  atEnd(() => echo.close());
  const { port } = echo.address() as net.AddressInfo;
  server = await startApiServer({
    store,
    connectToPod: () => Promise.resolve(net.connect(port, '127.0.0.1')),
    execInPod: (_namespace, _pod, _container, [file = '', ...args]) => spawn(file, args),
    // eslint-disable-next-line @typescript-eslint/require-await
    readLogs: async function* () {
      yield 'a line\n';
    },
  });
  atEnd(() => server.close());
});

interface Rule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
}

/** From now on `reader` may do this in namespace `default`, and nothing else. */
function grant(rules: Rule[]): void {
  const metadata = { name: 'reader', namespace: 'default' };
  for (const key of [ROLES, BINDINGS]) {
    if (store.get(key, 'default', 'reader') !== undefined) store.delete(key, 'default', 'reader');
  }
  store.create(ROLES, { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules });
  store.create(BINDINGS, {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'reader' },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: 'reader' }],
  });
}

interface Deed extends RawAsk {
  name: string;
  /** What `can-i` is asked for it: each must be allowed. */
  needs: (
    { verb: string; resource: string; subresource?: string; name?: string } | { verb: string; path: string }
  )[];
}

const POD = '/api/v1/namespaces/default/pods/p';
const session = (
  subresource: string,
  query: string,
  protocols: Record<'websocket' | 'spdy', string>,
): Deed[] =>
  (['GET', 'POST'] as const).flatMap((method) =>
    (['websocket', 'spdy'] as const)
      // A WebSocket begins with a GET.
      .filter((transport) => transport === 'spdy' || method === 'GET')
      .map((transport) => ({
        name: `${subresource} by ${method} over ${transport}`,
        method,
        path: `${POD}/${subresource}?${query}`,
        transport,
        protocol: protocols[transport],
        needs: [...new Set([method === 'GET' ? 'get' : 'create', 'create'])].map((verb) => ({
          verb,
          resource: 'pods',
          subresource,
          name: 'p',
        })),
      })),
  );

const plainly = (
  name: string,
  method: string,
  path: string,
  need: Deed['needs'][number],
  transports: Transport[] = ['plain'],
  protocol?: string,
): Deed[] =>
  transports.map((transport) => ({
    name: `${name} over ${transport}`,
    ...{ method, path, transport, needs: [need] },
    ...(protocol === undefined ? {} : { protocol }),
  }));

const COMMAND = { websocket: 'v5.channel.k8s.io', spdy: 'v4.channel.k8s.io' };
const PODS = '/api/v1/namespaces/default/pods';
const BOTH: Transport[] = ['plain', 'websocket'];
const EVERY: Transport[] = ['plain', 'websocket', 'spdy'];

const DEEDS: Deed[] = [
  ...session('exec', 'command=true&stdout=true', COMMAND),
  ...session('attach', 'stdout=true', COMMAND),
  ...session('portforward', 'ports=80', { websocket: 'v4.channel.k8s.io', spdy: 'portforward.k8s.io' }),
  ...plainly(
    'log',
    'GET',
    `${POD}/log`,
    { verb: 'get', resource: 'pods', subresource: 'log', name: 'p' },
    BOTH,
    'binary.k8s.io',
  ),
  // Neither the query of a watch nor a method that stands for another verb changes what a log takes.
  ...plainly(
    'log with watch',
    'GET',
    `${POD}/log?watch=1`,
    { verb: 'get', resource: 'pods', subresource: 'log', name: 'p' },
    BOTH,
    'binary.k8s.io',
  ),
  ...plainly(
    'proxy',
    'GET',
    `${POD}/proxy/x`,
    { verb: 'get', resource: 'pods', subresource: 'proxy', name: 'p' },
    EVERY,
  ),
  ...plainly(
    'proxy by POST',
    'POST',
    `${POD}/proxy/x`,
    { verb: 'create', resource: 'pods', subresource: 'proxy', name: 'p' },
    EVERY,
  ),
  ...plainly(
    'service proxy',
    'GET',
    '/api/v1/namespaces/default/services/s/proxy/',
    { verb: 'get', resource: 'services', subresource: 'proxy', name: 's' },
    EVERY,
  ),
  ...plainly('get', 'GET', POD, { verb: 'get', resource: 'pods', name: 'p' }, EVERY),
  ...plainly('get with watch', 'GET', `${POD}?watch=1`, { verb: 'get', resource: 'pods', name: 'p' }),
  ...plainly('list', 'GET', PODS, { verb: 'list', resource: 'pods' }, EVERY),
  ...plainly('list of one name', 'GET', `${PODS}?fieldSelector=metadata.name%3Dp`, {
    verb: 'list',
    resource: 'pods',
    name: 'p',
  }),
  ...plainly('watch', 'GET', `${PODS}?watch=1&timeoutSeconds=1`, { verb: 'watch', resource: 'pods' }, BOTH),
  ...plainly(
    'watch of one name',
    'GET',
    `${PODS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dp`,
    { verb: 'watch', resource: 'pods', name: 'p' },
    BOTH,
  ),
  ...plainly(
    'watch of the old kind',
    'GET',
    '/api/v1/watch/namespaces/default/pods?timeoutSeconds=1',
    { verb: 'watch', resource: 'pods' },
    BOTH,
  ),
  ...plainly('delete', 'DELETE', `${PODS}/none`, { verb: 'delete', resource: 'pods', name: 'none' }),
  ...plainly('deletecollection', 'DELETE', `${PODS}?labelSelector=no%3Done`, {
    verb: 'deletecollection',
    resource: 'pods',
  }),
];

DEEDS.push(
  ...['/api', '/apis', '/apis/apps/v1', '/version', '/openapi/v3', '/healthz', '/metrics', '/logs/'].flatMap(
    (path) =>
      (['GET', 'POST'] as const).flatMap((method) =>
        plainly(`${method} ${path}`, method, path, { verb: method.toLowerCase(), path }),
      ),
  ),
);

const AS_READER: [string, string][] = [['Impersonate-User', 'reader']];

async function review(kind: string, spec: object, asReader: boolean): Promise<boolean> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const { body: answer } = await ask(server, 'POST', path, {
    body,
    ...(asReader ? { headers: Object.fromEntries(AS_READER) } : {}),
  });
  return (answer as unknown as { status: { allowed: boolean } }).status.allowed;
}

async function canI({ needs }: Deed): Promise<boolean> {
  const verdicts = await Promise.all(
    needs.flatMap((need) => {
      const attributes =
        'path' in need
          ? { nonResourceAttributes: need }
          : { resourceAttributes: { namespace: 'default', ...need } };
      return [
        review('SelfSubjectAccessReview', attributes, true),
        review(
          'SubjectAccessReview',
          { user: 'reader', groups: ['system:authenticated'], ...attributes },
          false,
        ),
      ];
    }),
  );
  for (let at = 0; at < verdicts.length; at += 2) expect(verdicts[at]).toBe(verdicts[at + 1]);
  return verdicts.every(Boolean);
}

/** Answered by the authorizer, not by somebody who merely refuses the protocol. */
const isForbidden = ({ status, text }: { status: number; text: string }): boolean =>
  status === 403 && text.includes('"reason":"Forbidden"') && text.includes('User \\"reader\\" cannot');

describe('what can-i says', () => {
  const verbs = ['get', 'list', 'watch', 'create', 'delete', 'deletecollection', '*'];
  const resources = [
    ...['pods', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/log', 'pods/proxy', 'services/proxy'],
    ...['services', '*/exec', 'pods/*', '*', 'secrets'],
  ];
  const someRules = fc.array(
    fc.record(
      {
        verbs: fc.subarray(verbs, { minLength: 1, maxLength: 3 }),
        apiGroups: fc.constantFrom('', '*', 'apps').map((group) => [group]),
        resources: fc.subarray(resources, { minLength: 1, maxLength: 3 }),
        resourceNames: fc.constantFrom('p', 's', 'other').map((name) => [name, 'another']),
      },
      { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
    ),
    { maxLength: 3 },
  );

  it('is what every verb and subresource then answers, whatever carries it', async () => {
    let refused = 0;
    let done = 0;
    await fc.assert(
      fc.asyncProperty(someRules, async (rules) => {
        grant(rules);
        await Promise.all(
          DEEDS.map(async (deed) => {
            const [may, answer] = await Promise.all([
              canI(deed),
              askRaw(server, { ...deed, headers: AS_READER }),
            ]);
            expect({ deed: deed.name, may: !isForbidden(answer) }).toEqual({ deed: deed.name, may });
            if (may) done += 1;
            else refused += 1;
          }),
        );
      }),
      // Everything and nothing are always among them.
      { numRuns: 10, examples: [[[{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]], [[]]] },
    );
    // Both sides were met, not one of them only.
    expect(Math.min(refused, done)).toBeGreaterThan(30);
  }, 60_000);

  it('is so that each of them works for who may do it', async () => {
    grant([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]);
    const statuses = await Promise.all(
      DEEDS.map(
        async (deed) => [deed.name, (await askRaw(server, { ...deed, headers: AS_READER })).status] as const,
      ),
    );
    const wanted = (name: string): number[] => {
      if (/^(exec|attach|portforward)/.test(name)) return [101];
      if (/^(log|watch)/.test(name)) return name.endsWith('websocket') ? [101] : [200];
      if (/^(GET|POST) /.test(name)) return [200, 403, 404, 405];
      return name.endsWith('plain') && !/service|delete$/.test(name) ? [200, 404] : [200, 404, 405, 501, 503];
    };
    for (const [name, status] of statuses)
      expect({ name, status, isWanted: wanted(name).includes(status) }).toMatchObject({ isWanted: true });
  });

  it.each(['exec', 'attach', 'portforward'])(
    'takes create for pods/%s: get alone opens no session over a WebSocket',
    async (subresource) => {
      const [overWebSocket, ...overSpdy] = DEEDS.filter(({ name }) => name.startsWith(subresource));
      if (overWebSocket === undefined) throw new Error('no such deed');
      const allow = (list: string[]) =>
        grant([{ verbs: list, apiGroups: [''], resources: [`pods/${subresource}`] }]);
      const statusOf = async (deed: Deed | undefined) =>
        deed && (await askRaw(server, { ...deed, headers: AS_READER })).status;
      allow(['get']);
      expect(await Promise.all([overWebSocket, ...overSpdy].map(statusOf))).toEqual([403, 403, 403]);
      // kubectl falls back to SPDY then, a POST.
      allow(['create']);
      expect(await Promise.all([overWebSocket, ...overSpdy].map(statusOf))).toEqual([403, 403, 101]);
      allow(['get', 'create']);
      expect(await Promise.all([overWebSocket, ...overSpdy].map(statusOf))).toEqual([101, 101, 101]);
    },
  );
});

describe('who a request is made as', () => {
  const whoAmI = async (headers: [string, string][]) => {
    const { status, text } = await askRaw(server, {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      transport: 'plain',
      headers: [...headers, ['content-type', 'application/json']],
      body: '{}',
    });
    return { status, text };
  };
  /** `helper` may speak for what these rules say. */
  const helper = (rules: Rule[]): string => {
    const token = server.issueToken({ name: 'helper', groups: ['system:authenticated'] }, 60_000);
    for (const [key, kind] of [
      [`${RBAC}/v1/clusterroles`, 'ClusterRole'],
      [`${RBAC}/v1/clusterrolebindings`, 'ClusterRoleBinding'],
    ] as const) {
      if (store.get(key, undefined, 'helper') !== undefined) store.delete(key, undefined, 'helper');
      store.create(key, {
        apiVersion: `${RBAC}/v1`,
        kind,
        metadata: { name: 'helper' },
        ...(kind === 'ClusterRole'
          ? { rules }
          : {
              roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'helper' },
              subjects: [{ apiGroup: RBAC, kind: 'User', name: 'helper' }],
            }),
      });
    }
    return token;
  };

  it('has the groups, the uid and the extras that were asked for', async () => {
    const { text } = await whoAmI([
      ['Impersonate-User', 'alice'],
      ['Impersonate-Group', 'a, b'],
      ['Impersonate-Group', 'c'],
      ['Impersonate-Uid', '42'],
      ['Impersonate-Extra-reason%2fwhy', 'audit'],
    ]);
    expect(text).toContain(
      '{"username":"alice","groups":["a, b","c","system:authenticated"],"uid":"42","extra":{"reason/why":["audit"]}}',
    );
  });

  it.each<[string, string[], string[]]>([
    [
      'system:serviceaccount:shop:robot',
      [],
      ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    ],
    ['system:serviceaccount:shop:robot', ['a'], ['a', 'system:authenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    ['x', [], ['system:authenticated']],
    ['x', ['system:unauthenticated'], ['system:unauthenticated']],
    ['x', ['a', 'system:authenticated'], ['a', 'system:authenticated']],
  ])('has, as %s with the groups %j, these: %j', (name, asked, groups) => {
    const raw = { headersDistinct: { 'impersonate-user': [name], 'impersonate-group': asked } };
    const request = { raw, user: { name: 'admin', groups: [] } } as unknown as ApiRequest;
    expect(impersonated(request, () => true)).toEqual({ name, groups });
  });

  it.each<[string, [string, string][], string]>([
    ['groups', [['Impersonate-Group', 'system:masters']], 'groups \\"system:masters\\" is forbidden'],
    ['a uid', [['Impersonate-Uid', '0']], 'uids.authentication.k8s.io \\"0\\" is forbidden'],
    [
      'extras',
      [['Impersonate-Extra-scopes', 'all']],
      'userextras.authentication.k8s.io \\"all\\" is forbidden',
    ],
  ])('needs a right of its own for %s, over every transport', async (_what, more, message) => {
    const token = helper([{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'] }]);
    for (const transport of ['plain', 'websocket', 'spdy'] as const) {
      const answer = await askRaw(server, {
        method: 'GET',
        path: `${POD}/exec?command=true&stdout=true`,
        ...{ transport, token, protocol: COMMAND[transport === 'spdy' ? 'spdy' : 'websocket'] },
        headers: [['Impersonate-User', 'alice'], ...more],
      });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain(message);
    }
  });

  it('is refused when groups are asked for without a user', async () => {
    const { status, text } = await whoAmI([['Impersonate-Group', 'a']]);
    expect(status).toBe(500);
    expect(text).toContain('without impersonating a user');
  });
});
