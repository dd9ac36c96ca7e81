import assert from 'node:assert/strict';
import type { Behaviour, Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { PROBED } from '../kit.ts';
import { call, service } from './services.ts';

type Json = Record<string, unknown>;

/** A Service with a pod per version and a client, all with sidecars; returns the client's name. */
async function shop(k: Kit, versions: string[], http: Json[]): Promise<string> {
  await service(k);
  await k.create('destinationrules', {
    spec: {
      host: k.id,
      subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
    },
  });
  await k.create('virtualservices', { spec: { hosts: [k.id], http } });
  const client = `${k.id}-client`;
  await Promise.all([
    ...versions.map((version) =>
      k.pod({ VERSION: version }, { name: `${k.id}-${version}`, labels: { version }, container: PROBED }),
    ),
    k.pod({}, { name: client, labels: { app: 'client' }, container: PROBED }),
  ]);
  await Promise.all(
    [client, ...versions.map((version) => `${k.id}-${version}`)].map((name) => k.ready(name)),
  );
  return client;
}

const to = (k: Kit, subset: string, weight?: number) => ({
  destination: { host: k.id, subset },
  ...(weight === undefined ? {} : { weight }),
});

/** What the client saw: the version that answered, or status and first words of the body. */
async function see(
  k: Kit,
  client: string,
  path = '/',
  options: Parameters<typeof call>[3] = {},
): Promise<string[]> {
  const answers = await call(k, client, `http://${k.id}${path}`, options);
  return answers.map(({ status, headers, body = '', error }) =>
    status === 200 ? (headers?.['x-version'] ?? '') : `${status ?? error} ${body}`.trim(),
  );
}

const untilSeen = (k: Kit, client: string, what: string, path = '/', headers: Record<string, string> = {}) =>
  k.until(`${what} at ${path}`, async () => (await see(k, client, path, { headers }))[0] === what);

const counted = async (k: Kit, pod: string): Promise<number> =>
  ((await k.tell(pod, '/served')) as { served: number }).served;

const behaviours: Omit<Behaviour, 'needs'>[] = [
  {
    name: 'a route to a subset leads every request to the pods with its labels',
    source: 'test/fixtures/istio/mesh/sidecar.routes.*.json',
    run: async (k) => {
      const client = await shop(k, ['v1', 'v2'], [{ route: [to(k, 'v1')] }]);
      await untilSeen(k, client, 'v1');
      assert.deepEqual(new Set(await see(k, client, '/', { times: 10 })), new Set(['v1']));
      await k.patch('virtualservices', k.id, { spec: { http: [{ route: [to(k, 'v2')] }] } });
      await untilSeen(k, client, 'v2');
      assert.deepEqual(new Set(await see(k, client, '/', { times: 10 })), new Set(['v2']));
    },
  },
  {
    name: 'weights divide the requests',
    source: 'test/fixtures/istio/mesh/sidecar.routes.4-canary-90-10.json',
    run: async (k) => {
      const client = await shop(k, ['v1', 'v2'], [{ route: [to(k, 'v1', 80), to(k, 'v2', 20)] }]);
      await untilSeen(k, client, 'v2');
      const second = (await see(k, client, '/', { times: 200 })).filter((version) => version === 'v2').length;
      // 40 of 200 are expected; outside of these it is not chance (six standard deviations).
      assert.ok(second > 6 && second < 74, `${second} of 200 at v2`);
    },
  },
  {
    name: 'a match on a header and on the path choose the route, the first that fits',
    source: 'istio.io/latest/docs/reference/config/networking/virtual-service',
    run: async (k) => {
      const client = await shop(
        k,
        ['v1', 'v2'],
        [
          { match: [{ headers: { taste: { exact: 'bold' } } }], route: [to(k, 'v2')] },
          { match: [{ uri: { prefix: '/new' } }], rewrite: { uri: '/' }, route: [to(k, 'v2')] },
          { route: [to(k, 'v1')] },
        ],
      );
      await untilSeen(k, client, 'v1');
      await untilSeen(k, client, 'v2', '/', { taste: 'bold' });
      await untilSeen(k, client, 'v2', '/new');
      assert.deepEqual(await see(k, client, '/', { headers: { taste: 'mild' } }), ['v1']);
    },
  },
  {
    name: 'a mirror gets a copy of each request, and its answers go nowhere',
    source: 'istio.io/latest/docs/tasks/traffic-management/mirroring',
    run: async (k) => {
      const client = await shop(
        k,
        ['v1', 'v2'],
        [{ route: [to(k, 'v1')], mirror: { host: k.id, subset: 'v2' }, mirrorPercentage: { value: 100 } }],
      );
      await untilSeen(k, client, 'v1');
      await k.until('the mirror to be asked', async () => {
        await see(k, client);
        return (await counted(k, `${k.id}-v2`)) > 0;
      });
      const before = await counted(k, `${k.id}-v2`);
      assert.deepEqual(new Set(await see(k, client, '/', { times: 5 })), new Set(['v1']));
      await k.until('five copies', async () => (await counted(k, `${k.id}-v2`)) === before + 5);
    },
  },
  {
    name: 'a 503 of the app is not tried again by default; with retries on 5xx it is',
    source: 'istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry',
    run: async (k) => {
      const client = await shop(k, ['v1'], [{ route: [to(k, 'v1')] }]);
      await untilSeen(k, client, 'v1');
      const before = await counted(k, `${k.id}-v1`);
      assert.deepEqual(await see(k, client, '/fail'), ['503']);
      assert.equal(await counted(k, `${k.id}-v1`), before + 1);
      await k.patch('virtualservices', k.id, {
        spec: { http: [{ route: [to(k, 'v1')], retries: { attempts: 2, retryOn: '5xx' } }] },
      });
      await k.until('three tries for one request', async () => {
        const first = await counted(k, `${k.id}-v1`);
        await see(k, client, '/fail');
        return (await counted(k, `${k.id}-v1`)) === first + 3;
      });
    },
  },
  {
    name: 'a subset without pods answers 503 "no healthy upstream"',
    source: 'recorded: Istio 1.31-dev',
    run: async (k) => {
      const client = await shop(k, ['v1'], [{ route: [to(k, 'v2')] }]);
      await untilSeen(k, client, '503 no healthy upstream');
    },
  },
  {
    name: 'a route to a subset that no DestinationRule knows answers 503 with an empty body',
    source: 'recorded: Istio 1.31-dev',
    run: async (k) => {
      const client = await shop(k, ['v1'], [{ route: [to(k, 'v9')] }]);
      await untilSeen(k, client, '503');
    },
  },
  {
    name: 'an app that cuts the connection is a 503 that says "connection termination"',
    source: 'recorded: Istio 1.31-dev',
    run: async (k) => {
      const client = await shop(k, ['v1'], [{ route: [to(k, 'v1')] }]);
      await untilSeen(k, client, 'v1');
      assert.deepEqual(await see(k, client, '/cut'), [
        '503 upstream connect error or disconnect/reset before headers. reset reason: connection termination',
      ]);
    },
  },
  {
    name: 'a route’s timeout answers 504 "upstream request timeout"',
    source: 'recorded: Istio 1.31-dev',
    run: async (k) => {
      const client = await shop(k, [], [{ route: [to(k, 'v1')], timeout: '0.5s' }]);
      await k.pod(
        { VERSION: 'v1', PRESTOP_MS: '3000' },
        { name: `${k.id}-v1`, labels: { version: 'v1' }, container: PROBED },
      );
      await k.ready(`${k.id}-v1`);
      await untilSeen(k, client, 'v1');
      assert.deepEqual(await see(k, client, '/prestop'), ['504 upstream request timeout']);
    },
  },
  {
    name: 'an injected fault answers what the route says, without asking the app',
    source: 'istio.io/latest/docs/tasks/traffic-management/fault-injection',
    run: async (k) => {
      const abort = { percentage: { value: 100 }, httpStatus: 418 };
      const client = await shop(k, ['v1'], [{ fault: { abort }, route: [to(k, 'v1')] }]);
      await untilSeen(k, client, '418 fault filter abort');
      assert.equal(await counted(k, `${k.id}-v1`), 0);
    },
  },
  {
    name: 'a pod of the mesh has its proxy as a native sidecar, or as a container where Istio is told so',
    source: 'recorded: Istio 1.31-dev',
    run: async (k) => {
      const native = await k.pod({});
      const initContainers = (
        native['spec'] as { initContainers?: { name: string; restartPolicy?: string }[] }
      ).initContainers;
      const proxy = initContainers?.find(({ name }) => name === 'istio-proxy');
      assert.equal(proxy?.restartPolicy, 'Always');
      const classic = await k.create('pods', {
        metadata: { name: `${k.id}-classic`, annotations: { 'sidecar.istio.io/nativeSidecar': 'false' } },
        spec: { containers: [k.container()] },
      });
      const names = (classic['spec'] as { containers: { name: string }[] }).containers.map(
        ({ name }) => name,
      );
      assert.deepEqual(names.sort(), ['app', 'istio-proxy']);
    },
  },
];

export const mesh: Chapter = {
  title: 'The mesh',
  behaviours: behaviours.map((behaviour) => ({ ...behaviour, needs: 'istio' as const })),
};
