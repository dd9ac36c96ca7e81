/**
 * What the test suites of Flagger and Argo Rollouts promise for a mesh's routes, scenario by scenario. The
 * table is in scripts/switch/docs/routes.md.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InterruptedError } from '../../../scripts/shared/errors.ts';
import type { DestinationRule, HttpRoute, VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Prover } from '../../../scripts/switch/index.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';

const quick = { set: { pod: 'naive' }, quietMs: 200 };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop({ pod: 'naive', replicas: '1' }, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

const routesOf = async (name = 'coffee-shop') => {
  const found = await coffee.cluster.get<VirtualService>(resources.virtualServices, name);
  if (found === undefined) throw new Error(`no VirtualService ${name}`);
  return found;
};
const ruleNow = async () => {
  const found = await coffee.cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  if (found === undefined) throw new Error('no DestinationRule');
  return found;
};
const write = (plural: 'virtualServices' | 'destinationRules', patch: Record<string, unknown>) =>
  coffee.cluster.patch(resources[plural], 'coffee-shop', patch);
const to = (subset: string, host = 'coffee-shop') => ({ destination: { host, subset } });
/** Which version answers. */
const served = async (headers: Record<string, string> = {}) =>
  (await fetch(coffee.ordersUrl, { method: 'POST', headers })).headers.get('x-version');
/** What a switch must leave alone of an object: all but what the server itself keeps. */
const kept = ({ metadata }: VirtualService | DestinationRule) => {
  const { labels, annotations, finalizers, ownerReferences, name, uid } = metadata;
  return { labels, annotations, finalizers, ownerReferences, name, uid };
};

describe('a release by subsets', () => {
  it('abort with nothing in progress: says so, changes nothing, and the next release goes through', async () => {
    const before = await routesOf();
    expect(await coffee.switchTo('v2', { ...quick, undo: true })).toMatchObject({
      ok: true,
      outcome: 'already-there',
      live: 'v1',
      message: 'There is nothing to undo: v1 serves all traffic of coffee-shop.',
    });
    expect(await routesOf()).toEqual(before);
  });

  it('custom metadata kept; one unnamed route', async () => {
    const mine = {
      labels: { team: 'barista', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
      annotations: {
        'argocd.argoproj.io/tracking-id': 'shop:networking.istio.io/VirtualService:x',
        note: 'ä',
      },
    };
    const { spec } = await routesOf();
    const http = (spec.http ?? []).map((route) => ({ ...route, name: undefined, timeout: '9s' }));
    await write('virtualServices', { metadata: mine, spec: { http } });
    await write('destinationRules', {
      metadata: mine,
      spec: { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } },
    });
    const before = { routes: await routesOf(), rule: await ruleNow() };
    expect(before.routes.spec.http).toHaveLength(1);
    expect(before.routes.spec.http?.[0]?.name).toBeUndefined();

    expect(await coffee.switchTo('v2', quick)).toMatchObject({ ok: true, live: 'v2' });

    const after = { routes: await routesOf(), rule: await ruleNow() };
    expect(kept(after.routes)).toEqual(kept(before.routes));
    expect(kept(after.rule)).toEqual(kept(before.rule));
    const [{ name, route, ...rest }] = after.routes.spec.http as [HttpRoute];
    expect(name).toBeUndefined();
    expect(route?.map(({ destination }) => destination.subset)).toEqual(['v2']);
    const [{ name: noName, route: oldRoute, ...restBefore }] = before.routes.spec.http as [HttpRoute];
    expect([noName, oldRoute?.length]).toEqual([undefined, 1]);
    expect(rest).toEqual(restBefore);
    expect({ ...after.routes.spec, http: [] }).toEqual({ ...before.routes.spec, http: [] });
    expect({ ...after.rule.spec, subsets: [] }).toEqual({ ...before.rule.spec, subsets: [] });
    expect(await served()).toBe('v2');
  }, 60_000);

  it('abort after success: refused, with the way back named, and nothing is changed', async () => {
    const before = [await routesOf(), await ruleNow()];
    const result = await coffee.switchTo('v2', { ...quick, undo: true });
    expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: 'v2' });
    expect(result.message).toMatch(/finished and its old version is gone\. To roll back, switch: .*--to v1$/);
    expect([await routesOf(), await ruleNow()]).toEqual(before);
  });

  it('A/B by cookie and header, a mirror, header changes and another protocol: only what names the old subset changes', async () => {
    const { spec } = await routesOf();
    const [main] = spec.http as [HttpRoute];
    const insiders = {
      name: 'insiders',
      match: [{ headers: { cookie: { regex: '^(.*?;)?(type=insider)(;.*)?$' } } }],
      headers: { response: { set: { 'x-served-to': 'insiders' } } },
      route: [to('v2')],
    };
    const lab = {
      match: [{ headers: { 'x-team': { exact: 'lab' } } }],
      route: [to('lab')],
      retries: { attempts: 0 },
    };
    const tea = { name: 'tea', match: [{ uri: { prefix: '/tea' } }], route: [to('v2', 'tea-shop')] };
    const tcp = [{ match: [{ port: 5432 }], route: [{ destination: { host: 'beans' } }] }];
    const cors = { allowOrigins: [{ exact: 'https://shop.example' }], maxAge: '24h' };
    const mirrored = {
      ...main,
      mirror: to('v2').destination,
      mirrorPercentage: { value: 5 },
      corsPolicy: cors,
    };
    await write('virtualServices', { spec: { http: [insiders, lab, tea, mirrored], tcp } });
    const before = await routesOf();

    expect(await coffee.switchTo('v3', quick)).toMatchObject({ ok: true, live: 'v3' });

    const after = await routesOf();
    const [insidersNow, labNow, teaNow, mainNow] = after.spec.http ?? [];
    // Their own names again, at the end: the last one has none.
    expect(mainNow?.name).toBe(main.name);
    expect(insidersNow).toEqual({ ...insiders, route: [to('v3')] });
    expect([labNow, teaNow]).toEqual(before.spec.http?.slice(1, 3));
    expect(mainNow).toMatchObject({
      mirror: { subset: 'v3' },
      mirrorPercentage: { value: 5 },
      corsPolicy: cors,
    });
    expect({ ...after.spec, http: [] }).toEqual({ ...before.spec, http: [] });
    const answer = await fetch(coffee.ordersUrl, { method: 'POST', headers: { cookie: 'type=insider' } });
    expect([answer.headers.get('x-version'), answer.headers.get('x-served-to')]).toEqual(['v3', 'insiders']);
  }, 60_000);

  it('release over a release: refused while one is half done; the first is finished, then the next begins', async () => {
    const { spec } = await routesOf();
    await write('virtualServices', {
      spec: { http: spec.http?.slice(-1).map((route) => ({ ...route, mirror: undefined })), tcp: null },
    });
    const killed = () => Promise.reject(new InterruptedError('SIGTERM'));
    const nothing = () => Promise.resolve({ proxies: 0 });
    const prover: Prover = { endpoints: nothing, routes: killed, quiet: nothing, gone: nothing };
    expect(await coffee.switchTo('v4', { ...quick, prover })).toMatchObject({
      ok: false,
      outcome: 'stopped',
      live: 'v4',
    });
    const half = await routesOf();

    const over = await coffee.switchTo('v5', quick);
    expect(over).toMatchObject({ ok: false, outcome: 'stopped' });
    expect(over.message).toBe(
      'A switch of coffee-shop from v3 to v4 is half done (v4 serves). Finish it with: npm run switch -- --to v4, or roll it back with: npm run switch -- --to v4 --undo',
    );
    expect(await routesOf()).toEqual(half);

    expect(await coffee.switchTo('v4', quick)).toMatchObject({
      ok: true,
      outcome: 'switched',
      from: 'v3',
      live: 'v4',
    });
    expect((await ruleNow()).spec.subsets?.map(({ name }) => name)).toEqual(['v4']);
  }, 60_000);

  it('retry after failure: the same command with a good image, without cleaning up by hand', async () => {
    const failed = await coffee.switchTo('v5', { ...quick, image: 'nowhere:1', stepTimeoutMs: 2000 });
    expect(failed).toMatchObject({ ok: false, outcome: 'undone', live: 'v4' });
    expect(await coffee.switchTo('v5', quick)).toMatchObject({ ok: true, outcome: 'switched', live: 'v5' });
    expect(await served()).toBe('v5');
  }, 60_000);

  it('delegation: the delegate is changed, its root is not, and every proxy proves the routes under the root’s name', async () => {
    const root = await routesOf();
    const delegate = { ...root, metadata: { name: 'coffee-routes' }, spec: { http: root.spec.http ?? [] } };
    await coffee.cluster.create(delegate);
    await write('virtualServices', {
      spec: {
        http: [{ name: 'root', match: [{ uri: { prefix: '/' } }], delegate: { name: 'coffee-routes' } }],
      },
    });
    const before = await routesOf();

    const result = await coffee.switchTo('v6', quick);

    expect(result).toMatchObject({ ok: true, outcome: 'switched', live: 'v6' });
    expect(result.steps.find(({ name }) => name === 'shift-traffic')?.proxies).toBe(3);
    expect(await routesOf()).toEqual(before);
    const [now] = (await routesOf('coffee-routes')).spec.http ?? [];
    expect(now?.route?.map(({ destination }) => destination.subset)).toEqual(['v6']);
    expect(await served()).toBe('v6');
  }, 60_000);
});
