import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Cluster, ConnectOptions } from '../../../../scripts/shared/cluster/cluster.ts';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import type { Deployment, Pod } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { json, kubeconfigFor, reset, silence, startFakeApiServer, status } from './fake-api-server.ts';
import type { FakeApiServer } from './fake-api-server.ts';

let fake: FakeApiServer;
let cluster: Cluster;
const connect = (options: Partial<ConnectOptions> = {}) =>
  connectCluster(
    { kubeconfigs: [fake.kubeconfig] },
    { fieldManager: 'test', timeoutMs: 1000, retryForMs: 3000, watchSilenceMs: 200, ...options },
  );
beforeEach(async () => {
  fake = await startFakeApiServer();
  cluster = await connect();
});
afterEach(async () => {
  await cluster.close();
  await fake.close();
});

const deployment = (more: object = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coffee-shop-v2', namespace: 'shop' },
  spec: { selector: {}, template: { spec: { containers: [] } } },
  ...more,
});
const pod = (name: string, resourceVersion = '1') => ({ metadata: { name, uid: name, resourceVersion } });
const podList = (...items: unknown[]) => json(200, { metadata: { resourceVersion: '10' }, items });

async function errorOf(promise: Promise<unknown>): Promise<ClusterError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ClusterError)) throw new Error(`expected a ClusterError, got ${String(error)}`);
  return error;
}

describe('connectCluster', () => {
  it('sends many calls over few connections', async () => {
    fake.otherwise = json(200, { items: [] });
    for (let n = 0; n < 50; n += 1) await cluster.list(resources.pods);
    expect(fake.asked).toHaveLength(50);
    expect(fake.connections).toBeLessThanOrEqual(2);
  });

  it('says in one line that nobody listens, with the address and the reason', async () => {
    const closed = await startFakeApiServer();
    await closed.close();
    writeFileSync(fake.kubeconfig, kubeconfigFor(closed.url));
    const error = await errorOf(connect());
    expect(error.message).toBe(
      `The API server at ${closed.url} does not answer (get the version): connect ECONNREFUSED ${closed.url.slice(7)}`,
    );
    expect(error).toMatchObject({ status: 0, reason: 'ECONNREFUSED', exitCode: 1 });
  });

  it('refuses a context or a file that is not there with exit code 2', async () => {
    const options = { fieldManager: 'test' };
    await expect(
      connectCluster({ kubeconfigs: [fake.kubeconfig], context: 'prod' }, options),
    ).rejects.toMatchObject({
      message: `There is no context "prod" in ${fake.kubeconfig}; it has fake.`,
      exitCode: 2,
    });
    writeFileSync(fake.kubeconfig, 'a: [');
    await expect(connect()).rejects.toMatchObject({ exitCode: 2 });
    writeFileSync(fake.kubeconfig, 'just text');
    await expect(connect()).rejects.toMatchObject({ exitCode: 2 });
  });

  it('asks the server once where it keeps a kind it does not know, and says so when there is no such kind', async () => {
    const monitor = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: { name: 'shop' },
    };
    fake.next(
      json(200, {
        resources: [
          { name: 'servicemonitors/status', kind: 'ServiceMonitor', namespaced: true },
          { name: 'servicemonitors', kind: 'ServiceMonitor', namespaced: true },
        ],
      }),
    );
    fake.otherwise = json(200, {});
    await cluster.apply(monitor);
    await cluster.create(monitor);
    expect(fake.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /apis/monitoring.coreos.com/v1',
      'PATCH /apis/monitoring.coreos.com/v1/namespaces/shop/servicemonitors/shop',
      'POST /apis/monitoring.coreos.com/v1/namespaces/shop/servicemonitors',
    ]);
    fake.otherwise = (_asked, response) => response.writeHead(404).end('404 page not found');
    await expect(cluster.apply({ ...monitor, apiVersion: 'example.org/v1' })).rejects.toThrow(
      'The cluster knows no ServiceMonitor in example.org/v1; if it is a custom resource, its CustomResourceDefinition is not installed.',
    );
  });

  it('takes a namespace that is undefined for one that is not given: the object’s own counts', async () => {
    fake.otherwise = json(200, {});
    const far = deployment({ metadata: { name: 'coffee-shop-v2', namespace: 'far' } });
    await cluster.create(far, { namespace: undefined });
    await cluster.replace(far, { namespace: undefined });
    await cluster.apply(far, { namespace: undefined });
    await cluster.apply(far, { namespace: 'near' });
    expect(fake.asked.map(({ path }) => /namespaces\/([a-z]+)/.exec(path)?.[1])).toEqual([
      'far',
      'far',
      'far',
      'near',
    ]);
  });

  it('uses the namespace of the context unless told otherwise', async () => {
    fake.otherwise = json(200, { items: [] });
    await cluster.list(resources.pods);
    await cluster.list(resources.pods, { namespace: '*' });
    await cluster.list(resources.deployments, { namespace: 'other', labelSelector: 'app=coffee-shop' });
    expect(fake.asked.map(({ path, query }) => `${path}?${query.get('labelSelector') ?? ''}`)).toEqual([
      '/api/v1/namespaces/shop/pods?',
      '/api/v1/pods?',
      '/apis/apps/v1/namespaces/other/deployments?app=coffee-shop',
    ]);
    expect(fake.asked[0]?.headers.authorization).toBe('Bearer secret');
  });
});

describe('reading', () => {
  it('gives undefined for an object that does not exist, and the server’s words for any other refusal', async () => {
    expect(await cluster.get(resources.deployments, 'nope')).toBeUndefined();
    fake.next(status(403, 'Forbidden', 'deployments.apps "x" is forbidden'));
    expect(await errorOf(cluster.get(resources.deployments, 'x'))).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message: 'get deployments x: 403 Forbidden: deployments.apps "x" is forbidden',
    });
  });

  it('tells a missing object from a path the server does not know', async () => {
    fake.next((_asked, response) => response.writeHead(404).end('404 page not found'));
    expect((await errorOf(cluster.get(resources.virtualServices, 'x'))).message).toBe(
      'get virtualservices x: 404: 404 page not found',
    );
  });

  it('follows the pages of a long list', async () => {
    fake.next(json(200, { metadata: { continue: 'more' }, items: [pod('a')] }), podList(pod('b')));
    const pods = await cluster.list(resources.pods);
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(fake.asked[1]?.query.get('continue')).toBe('more');
  });

  it('lists all anew, and at once, when the next page is too old to be had', async () => {
    const expired = status(410, 'Expired', 'The provided continue parameter is too old');
    const first = json(200, { metadata: { continue: 'more' }, items: [pod('a'), pod('gone')] });
    fake.next(first, expired, podList(pod('a'), pod('b')));
    const pods = await cluster.list(resources.pods, { labelSelector: 'app=x' });
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(fake.asked.map(({ query }) => [query.get('limit'), query.get('continue')])).toEqual([
      ['500', null],
      ['500', 'more'],
      [null, null],
    ]);
    expect(fake.asked.map(({ query }) => query.get('labelSelector'))).toEqual(['app=x', 'app=x', 'app=x']);
  });

  it('does not list anew what was too old from the start, nor for ever', async () => {
    const expired = status(410, 'Expired', 'too old');
    fake.next(expired);
    expect(await errorOf(cluster.list(resources.pods))).toMatchObject({ status: 410 });
    expect(fake.asked).toHaveLength(1);
    fake.next(json(200, { metadata: { continue: 'more' }, items: [] }), expired, expired);
    expect(await errorOf(cluster.list(resources.pods))).toMatchObject({ status: 410 });
    expect(fake.asked).toHaveLength(4);
  });

  it.each([
    ['503', status(503, 'ServiceUnavailable', 'later')],
    ['500', status(500, 'InternalError', 'oops')],
    ['a reset', reset],
    ['silence', silence],
    [
      'half an answer',
      (_asked: unknown, response: { end: (text: string) => void }) => response.end('{"items": ['),
    ],
  ])('asks again after %s', async (_name, answer) => {
    fake.next(answer, podList(pod('a')));
    expect(await cluster.list(resources.pods)).toHaveLength(1);
    expect(fake.asked).toHaveLength(2);
  });

  it('waits as long as the server asks to after 429, but not beyond its patience', async () => {
    fake.next(status(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }), podList());
    const started = performance.now();
    await cluster.list(resources.pods);
    expect(performance.now() - started).toBeGreaterThan(950);
    fake.next(status(429, 'TooManyRequests', 'slow down', { 'retry-after': '60' }));
    expect(await errorOf(cluster.list(resources.pods))).toMatchObject({ status: 429 });
  });

  it('does not ask again what will not change', async () => {
    fake.next(status(401, 'Unauthorized', 'who are you'));
    expect(await errorOf(cluster.list(resources.pods))).toMatchObject({ status: 401 });
    expect(fake.asked).toHaveLength(1);
  });
});

describe('writing', () => {
  it('sends objects verbatim, under its own name', async () => {
    fake.otherwise = json(200, deployment());
    await cluster.create(deployment({ unknown: null }));
    await cluster.patch(resources.virtualServices, 'coffee-shop', { spec: { http: [] } });
    await cluster.apply(deployment(), { force: true });
    await cluster.replace(deployment(), { dryRun: true });
    await cluster.delete(resources.deployments, 'coffee-shop-v1', { uid: 'abc' });
    const seen = fake.asked.map(({ method, path, query, headers }) =>
      [method, path.split('/').slice(-2).join('/'), query.toString(), headers['content-type']].join(' '),
    );
    expect(seen).toEqual([
      'POST shop/deployments fieldManager=test application/json',
      'PATCH virtualservices/coffee-shop fieldManager=test application/merge-patch+json',
      'PATCH deployments/coffee-shop-v2 fieldManager=test&force=true application/apply-patch+yaml',
      'PUT deployments/coffee-shop-v2 fieldManager=test&dryRun=All application/json',
      'DELETE deployments/coffee-shop-v1  application/json',
    ]);
    expect(JSON.parse(fake.asked[0]?.body ?? '')).toEqual(deployment({ unknown: null }));
    expect(JSON.parse(fake.asked[4]?.body ?? '')).toMatchObject({ preconditions: { uid: 'abc' } });
  });

  it.each([
    ['503', status(503, 'ServiceUnavailable', 'later'), 1],
    ['a reset', reset, 1],
    ['a conflict', status(409, 'Conflict', 'changed'), 1],
    ['429, which is a promise that nothing happened', status(429, 'TooManyRequests', 'later'), 2],
  ])('leaves it to the caller to look before writing again; after %s', async (_name, answer, requests) => {
    fake.next(answer);
    fake.otherwise = json(200, deployment());
    await cluster.create(deployment()).catch(() => undefined);
    expect(fake.asked).toHaveLength(requests);
  });

  it('takes an object that is already gone for deleted', async () => {
    await expect(cluster.delete(resources.deployments, 'gone')).resolves.toBeUndefined();
  });
});

describe('watching', () => {
  const stream = (...events: unknown[]) => ({
    andEnd: (_asked: unknown, response: import('node:http').ServerResponse) => {
      response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
    andSilence: (_asked: unknown, response: import('node:http').ServerResponse) => {
      response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
  });

  async function firstEvents(count: number): Promise<string[]> {
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const { type, object } of cluster.watch<Pod>(resources.pods, { signal: controller.signal })) {
      seen.push(`${type} ${object.metadata.name}`);
      if (seen.length === count) break;
    }
    controller.abort();
    return seen;
  }

  it('goes on from the last place it knows when the stream ends or falls silent', async () => {
    fake.next(
      podList(pod('a')),
      stream({ type: 'ADDED', object: pod('b', '11') }, { type: 'BOOKMARK', object: pod('', '20') }).andEnd,
      stream({ type: 'MODIFIED', object: pod('a', '21') }).andSilence,
      stream({ type: 'DELETED', object: pod('b', '22') }).andEnd,
    );
    expect(await firstEvents(4)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
    expect(fake.asked.map(({ query }) => query.get('resourceVersion'))).toEqual([null, '10', '20', '21']);
  });

  it('lists again after 410 and tells only what changed', async () => {
    fake.next(
      podList(pod('a'), pod('b')),
      stream({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } }).andEnd,
      podList(pod('a'), pod('c')),
    );
    fake.otherwise = silence;
    expect(await firstEvents(4)).toEqual(['ADDED a', 'ADDED b', 'DELETED b', 'ADDED c']);
  });

  it('ends with the server’s words when it may not watch', async () => {
    fake.next(podList(), status(403, 'Forbidden', 'no watch for you'));
    await expect(firstEvents(1)).rejects.toThrow('watch pods: 403 Forbidden: no watch for you');
  });
});
