import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer, type ApiServerOptions } from '../../apiserver/index.ts';
import { createStore, type MemoryStore } from '../../storage/store.ts';
import { ask, watchToEnd } from './http-client.ts';

let store: MemoryStore;
let server: ApiServer;

async function start(options: Partial<ApiServerOptions> = {}): Promise<void> {
  await server.close();
  server = await startApiServer({ store, clusterObjects: false, ...options });
}

beforeEach(async () => {
  store = createStore({ firstRevision: 1000 });
  server = await startApiServer({ store, clusterObjects: false });
});

afterEach(() => server.close());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) => ({
  metadata: { name, labels },
  data,
});

const deployment = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image: 'shop:1' }] },
    },
  },
};

describe('who may', () => {
  it('do everything with the administrator token, nothing without one, and not even try with a wrong one', async () => {
    expect((await ask(server, 'GET', CONFIG_MAPS)).code).toBe(200);
    const anonymous = await ask(server, 'GET', CONFIG_MAPS, { token: '' });
    expect([anonymous.code, anonymous.body.message]).toEqual([
      403,
      'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ]);
    const wrong = await ask(server, 'GET', CONFIG_MAPS, { token: 'wrong' });
    expect([wrong.code, wrong.body.message]).toEqual([401, 'Unauthorized']);
  });

  it('ask for health and version without credentials', async () => {
    const answers = await Promise.all(
      ['/readyz', '/livez', '/healthz', '/version'].map((path) => ask(server, 'GET', path, { token: '' })),
    );
    expect(answers.map(({ code }) => code)).toEqual([200, 200, 200, 200]);
    expect(answers[0]?.text).toBe('ok');
    expect(answers[3]?.body).toMatchObject({ gitVersion: 'v1.36.4' });
  });

  it('is decided by the authorizer, for requests and for reviews alike', async () => {
    await start({ authorize: ({ verb, resource }) => !(verb === 'create' && resource === 'deployments') });
    const denied = await ask(server, 'POST', DEPLOYMENTS, { body: deployment });
    expect([denied.code, denied.body.message]).toEqual([
      403,
      'deployments.apps is forbidden: User "kubernetes-admin" cannot create resource "deployments" in API group "apps" in the namespace "default"',
    ]);
    const resourceAttributes = {
      verb: 'create',
      group: 'apps',
      resource: 'deployments',
      namespace: 'default',
    };
    const review = await ask(server, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: { spec: { resourceAttributes } },
    });
    expect([review.code, review.body['status']]).toEqual([201, { allowed: false }]);
  });

  it('is what its roles grant, for a service account with a token of its own', async () => {
    const inDefault = (name: string) => ({ name, namespace: 'default' });
    const rbac = 'rbac.authorization.k8s.io/v1';
    store.create('v1/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: inDefault('weak'),
    });
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }];
    store.create(`${rbac}/roles`, { apiVersion: rbac, kind: 'Role', metadata: inDefault('reader'), rules });
    const issued = await ask(server, 'POST', '/api/v1/namespaces/default/serviceaccounts/weak/token', {
      body: { spec: { expirationSeconds: 600 } },
    });
    const { token } = issued.body['status'] as { token: string };
    const denied = await ask(server, 'GET', `${DEPLOYMENTS}/x`, { token });
    expect(denied.body.message).toBe(
      'deployments.apps "x" is forbidden: User "system:serviceaccount:default:weak" cannot get resource "deployments" in API group "apps" in the namespace "default"',
    );
    store.create(`${rbac}/rolebindings`, {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata: inDefault('weak-reads'),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'weak', namespace: 'default' }],
    });
    const answers = [
      await ask(server, 'GET', `${DEPLOYMENTS}/x`, { token }),
      await ask(server, 'DELETE', `${DEPLOYMENTS}/x`, { token }),
      await ask(server, 'GET', '/apis/apps/v1/namespaces/kube-system/deployments/x', { token }),
    ];
    expect(answers.map(({ code }) => code)).toEqual([404, 403, 403]);
  });
});

describe('refusals', () => {
  it.each([
    [
      'an unknown type of a known group',
      'GET',
      '/apis/apps/v1/namespaces/default/nopes',
      404,
      'the server could not find the requested resource',
    ],
    ['an object that is not there', 'GET', `${DEPLOYMENTS}/nope`, 404, 'deployments.apps "nope" not found'],
    [
      'a method on the wrong path',
      'PUT',
      CONFIG_MAPS,
      405,
      'the server does not allow this method on the requested resource',
    ],
    [
      'a bad label selector',
      'GET',
      `${CONFIG_MAPS}?labelSelector=a%3D%3D%3D`,
      400,
      "unable to parse requirement: found '=', expected: identifier",
    ],
    [
      'a bad field selector',
      'GET',
      `${CONFIG_MAPS}?fieldSelector=nope%3D1`,
      400,
      '"nope" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    ['a bad limit', 'GET', `${CONFIG_MAPS}?limit=x`, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    [
      'a malformed version',
      'GET',
      `${CONFIG_MAPS}?watch=1&resourceVersion=abc`,
      500,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
  ])('tell a client what is wrong with %s', async (_what, method, path, code, message) => {
    const answer = await ask(server, method, path, method === 'PUT' ? { body: {} } : {});
    expect([answer.code, answer.body.message]).toEqual([code, message]);
  });

  it('are plain text for paths no API owns', async () => {
    const answer = await ask(server, 'GET', '/apis/nope.example/v1');
    expect([answer.code, answer.text]).toEqual([404, '404 page not found\n']);
  });

  it('answer 415 to a patch without a patch type, and to a strategic patch of a custom resource', async () => {
    await ask(server, 'POST', CONFIG_MAPS, { body: configMap('a') });
    expect((await ask(server, 'PATCH', `${CONFIG_MAPS}/a`, { body: {} })).body.message).toBe(
      '415: Unsupported Media Type',
    );
    const custom = '/apis/networking.istio.io/v1/namespaces/default/destinationrules/a';
    const strategic = await ask(server, 'PATCH', custom, {
      body: {},
      contentType: 'application/strategic-merge-patch+json',
    });
    expect([strategic.code, strategic.body.message]).toEqual([
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    ]);
  });

  it('say so when the playground does not do something', async () => {
    store.create('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'a', image: 'x' }] },
    });
    expect((await ask(server, 'GET', '/api/v1/namespaces/default/pods/p/log')).body).toMatchObject({
      kind: 'Status',
      code: 501,
      reason: 'NotImplemented',
    });
  });
});

describe('fields the type does not have', () => {
  const misspelt = { ...deployment, spec: { ...deployment.spec, replcas: 3 } };

  it('are dropped with a warning, or refused when the client is strict', async () => {
    const warned = await ask(server, 'POST', `${DEPLOYMENTS}?dryRun=All`, { body: misspelt });
    expect([warned.code, warned.headers['warning']]).toEqual([
      201,
      '299 - "unknown field \\"spec.replcas\\""',
    ]);
    expect(warned.body['spec']).not.toHaveProperty('replcas');
    const strict = await ask(server, 'POST', `${DEPLOYMENTS}?fieldValidation=Strict`, { body: misspelt });
    expect([strict.code, strict.body.message]).toEqual([
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replcas"',
    ]);
  });

  it('and values of the wrong type are refused in the words of the decoder', async () => {
    const text = { ...deployment, spec: { ...deployment.spec, replicas: 'two' } };
    expect((await ask(server, 'POST', DEPLOYMENTS, { body: text })).body.message).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
    const lease = { metadata: { name: 'l' }, spec: { renewTime: '2026-11-23T10:00:07Z' } };
    expect(
      (await ask(server, 'POST', '/apis/coordination.k8s.io/v1/namespaces/default/leases', { body: lease }))
        .body.message,
    ).toBe(
      'Lease in version "v1" cannot be handled as a Lease: parsing time "2026-11-23T10:00:07Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    );
  });
});

describe('lists', () => {
  beforeEach(() => {
    for (const name of ['c', 'a', 'b'])
      store.create('v1/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'default', labels: { n: name } },
      });
  });

  const names = (body: Record<string, unknown>) =>
    (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);

  it('are sorted, filtered, and their items carry no kind', async () => {
    const all = await ask(server, 'GET', CONFIG_MAPS);
    expect(names(all.body)).toEqual(['a', 'b', 'c']);
    expect((all.body['items'] as object[])[0]).not.toHaveProperty('kind');
    expect(names((await ask(server, 'GET', `${CONFIG_MAPS}?labelSelector=n+in+(a,c)`)).body)).toEqual([
      'a',
      'c',
    ]);
    expect(names((await ask(server, 'GET', `${CONFIG_MAPS}?labelSelector=n!=a,n`)).body)).toEqual(['b', 'c']);
    expect(names((await ask(server, 'GET', `${CONFIG_MAPS}?fieldSelector=metadata.name%3Db`)).body)).toEqual([
      'b',
    ]);
  });

  it('come in pages that all show the state of the first', async () => {
    const first = await ask(server, 'GET', `${CONFIG_MAPS}?limit=2`);
    const { continue: token, remainingItemCount } = first.body.metadata as {
      continue: string;
      remainingItemCount: number;
    };
    expect([names(first.body), remainingItemCount]).toEqual([['a', 'b'], 1]);
    store.delete('v1/configmaps', 'default', 'c');
    const rest = await ask(server, 'GET', `${CONFIG_MAPS}?limit=2&continue=${token}`);
    expect(names(rest.body)).toEqual(['c']);
    expect(rest.body.metadata).toEqual({ resourceVersion: first.body.metadata?.['resourceVersion'] });
  });

  it('are too old to go on with after many other lists, and say how to go on with what is there now', async () => {
    const tokenOf = ({ body }: { body: { metadata?: Record<string, unknown> } }) =>
      String(body.metadata?.['continue']);
    const token = tokenOf(await ask(server, 'GET', `${CONFIG_MAPS}?limit=1`));
    const next = `${CONFIG_MAPS}?limit=1&continue=`;
    for (let change = 0; change < 100; change += 1) {
      // The control: as long as there is room, it is the list of then.
      if (change === 99) expect(names((await ask(server, 'GET', next + token)).body)).toEqual(['b']);
      store.mutate('v1/configmaps', 'default', 'a', (draft) => {
        draft.metadata.labels = { change: String(change) };
      });
      await ask(server, 'GET', `${CONFIG_MAPS}?limit=1`);
    }
    store.delete('v1/configmaps', 'default', 'b');
    const late = await ask(server, 'GET', next + token);
    expect([late.code, late.body.reason]).toEqual([410, 'Expired']);
    expect(late.body.message).toMatch(
      /^The provided continue parameter is too old to display a consistent list/,
    );
    const rest = await ask(server, 'GET', next + tokenOf(late));
    expect([names(rest.body), rest.body.metadata]).toEqual([
      ['c'],
      { resourceVersion: String(store.log.revision) },
    ]);
  });

  it('are Tables for those who print them', async () => {
    const table = await ask(server, 'GET', CONFIG_MAPS, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    });
    expect(table.body).toMatchObject({
      kind: 'Table',
      rows: [
        {
          cells: ['a', 0, expect.stringMatching(/^\d+s$/)],
          object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } },
        },
        {},
        {},
      ],
    });
  });

  it('wait a little for a version of the future, then give up with 504', async () => {
    const answer = await ask(
      server,
      'GET',
      `${CONFIG_MAPS}?resourceVersion=999999&resourceVersionMatch=NotOlderThan`,
    );
    expect([answer.code, answer.body.reason, answer.headers['retry-after']]).toEqual([504, 'Timeout', '1']);
  });
});

describe('watches', () => {
  const write = (name: string) =>
    store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    });

  it('show the state and then mark its end when asked for initial events', async () => {
    write('a');
    const path = `${CONFIG_MAPS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`;
    const events = await watchToEnd(server, path);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]?.object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: store.resourceVersion,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
  });

  it('go on from a version without missing or repeating a change', async () => {
    const { metadata } = write('a');
    write('b');
    store.delete('v1/configmaps', 'default', 'a');
    const events = await watchToEnd(
      server,
      `${CONFIG_MAPS}?watch=true&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=1`,
    );
    expect(events.map(({ type, object }) => `${type} ${String(object.metadata.name)}`)).toEqual([
      'ADDED b',
      'DELETED a',
    ]);
  });

  it('answer 200 and an ERROR with 410 when the history is gone', async () => {
    write('a');
    store.log.compact();
    write('b');
    const events = await watchToEnd(server, `${CONFIG_MAPS}?watch=true&resourceVersion=1001`);
    expect(events).toMatchObject([
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          code: 410,
          reason: 'Expired',
          message: expect.stringMatching(/^too old resource version: 1001 \(\d+\)$/),
        },
      },
    ]);
  });

  it('send bookmarks to those who allow them', async () => {
    await start({ bookmarkIntervalMs: 100 });
    const events = await watchToEnd(
      server,
      `${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${store.resourceVersion}&timeoutSeconds=1`,
    );
    expect(events.length).toBeGreaterThan(1);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['BOOKMARK']));
  });

  it('end when the server closes', async () => {
    const watching = watchToEnd(server, `${CONFIG_MAPS}?watch=true&timeoutSeconds=60`);
    const another = await ask(server, 'GET', CONFIG_MAPS);
    expect(another.code).toBe(200);
    await server.close();
    expect(await watching).toEqual([]);
  });
});

describe('deletes', () => {
  it('answer a Status with the uid, or the object when it stays for a while', async () => {
    const created = await ask(server, 'POST', DEPLOYMENTS, { body: deployment });
    const foreground = await ask(server, 'DELETE', `${DEPLOYMENTS}/web?dryRun=All`, {
      body: { propagationPolicy: 'Foreground' },
    });
    expect(foreground.body).toMatchObject({
      kind: 'Deployment',
      metadata: { finalizers: ['foregroundDeletion'] },
    });
    const gone = await ask(server, 'DELETE', `${DEPLOYMENTS}/web`);
    expect(gone.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'web', group: 'apps', kind: 'deployments', uid: created.body.metadata?.['uid'] },
    });
  });

  it('of a collection take what the selector matches', async () => {
    for (const [name, keep] of [
      ['a', 'no'],
      ['b', 'yes'],
    ] as const)
      await ask(server, 'POST', CONFIG_MAPS, { body: configMap(name, {}, { keep }) });
    const deleted = await ask(server, 'DELETE', `${CONFIG_MAPS}?labelSelector=keep%3Dno`);
    expect(deleted.body).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] });
    expect(
      store.list('v1/configmaps', { namespace: 'default' }).map(({ metadata }) => metadata.name),
    ).toEqual(['b']);
  });

  it('by eviction respect the disruption budget', async () => {
    store.create('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default', labels: { app: 'web' } },
      spec: { containers: [{ name: 'a', image: 'x' }] },
    });
    store.create('policy/v1/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    const evict = () =>
      ask(server, 'POST', '/api/v1/namespaces/default/pods/p/eviction', {
        body: { metadata: { name: 'p' } },
      });
    expect(await evict()).toMatchObject({
      code: 429,
      body: { reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget' }] } },
    });
    store.mutate(
      'policy/v1/poddisruptionbudgets',
      'default',
      'web',
      (draft) => (draft.status = { disruptionsAllowed: 1 }),
      { subresource: 'status' },
    );
    expect((await evict()).code).toBe(201);
  });
});

describe('discovery', () => {
  it('is given whole to those who ask for the aggregated form, once', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const apis = await ask(server, 'GET', '/apis', { accept });
    expect(apis.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    expect(
      (apis.body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name),
    ).toEqual(expect.arrayContaining(['apps', 'networking.istio.io']));
  });

  it('is given group by group to the others', async () => {
    expect((await ask(server, 'GET', '/apis/apps/v1')).body['resources']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'deployments',
          shortNames: ['deploy'],
          storageVersionHash: '8aSe+NMegvE=',
        }),
      ]),
    );
  });

  it('describes every type by OpenAPI, and redirects from an outdated description', async () => {
    const index = await ask(server, 'GET', '/openapi/v3');
    const { paths } = JSON.parse(index.text) as { paths: Record<string, { serverRelativeURL: string }> };
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
    const document = await ask(server, 'GET', url);
    expect(document.body['components']).toHaveProperty([
      'schemas',
      'io.k8s.api.apps.v1.Deployment',
      'x-kubernetes-group-version-kind',
    ]);
    const old = await ask(server, 'GET', '/openapi/v3/apis/apps/v1?hash=AAAA');
    expect([old.code, old.headers['location']]).toEqual([301, url]);
  });
});

describe('faults', () => {
  it('delay, replace or cut off the answers of chosen requests', async () => {
    await start({
      faults: ({ method, path }) => {
        if (path.endsWith('/cut')) return { reset: true };
        if (path.endsWith('/busy'))
          return { answer: { code: 503, body: { kind: 'Status' }, headers: { 'retry-after': '1' } } };
        return method === 'POST' ? { resetAfter: true } : undefined;
      },
    });
    await expect(ask(server, 'GET', `${CONFIG_MAPS}/cut`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await ask(server, 'GET', `${CONFIG_MAPS}/busy`)).code).toBe(503);
    await expect(ask(server, 'POST', CONFIG_MAPS, { body: configMap('a') })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(store.get('v1/configmaps', 'default', 'a')).toBeDefined();
    expect((await ask(server, 'GET', `${CONFIG_MAPS}/a`)).code).toBe(200);
  });
});
