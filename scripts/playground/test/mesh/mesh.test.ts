import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fixture } from './support/fixture.ts';
import { get, TestMesh, until } from './support/test-mesh.ts';

let test: TestMesh | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

/** Two versions, one pod each; everything routed to v1 and loaded everywhere. */
async function twoVersions(
  options: Parameters<typeof TestMesh.start>[0] = {},
  mode: 'auto' | 'port-per-pod' = 'auto',
) {
  const one = await TestMesh.start(options, mode);
  test = one;
  const v1 = await one.addPod('v1');
  const v2 = await one.addPod('v2');
  one.subsets('v1', 'v2');
  await until('both subsets everywhere', () => hasSubsets(one, ['v1', 'v2']));
  one.route('v1', 'm-first');
  await until('the first route everywhere', () => everywhere(one, 'm-first'));
  return { one, v1, v2 };
}

async function hasSubsets(one: TestMesh, subsets: string[]): Promise<boolean> {
  const regex = encodeURIComponent(`outbound\\|8080\\|(${subsets.join('|')})\\|cafe\\..*`);
  for (const { ip } of one.mesh.proxies()) {
    const answer = await one.admin(
      ip,
      `/config_dump?include_eds&resource=dynamic_endpoint_configs&name_regex=${regex}`,
    );
    if (answer.body.split('"HEALTHY"').length - 1 !== subsets.length) return false;
  }
  return true;
}

async function everywhere(one: TestMesh, marker: string): Promise<boolean> {
  const markers = await Promise.all(one.mesh.proxies().map(({ ip }) => one.marker(ip)));
  return markers.every((found) => found === marker);
}

type Json = Record<string, unknown>;

/** The shape of a value: keys and types, with what varies left out. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, shape(field)]));
}

describe.each(['auto', 'port-per-pod'] as const)('the mesh in network mode %s', (mode) => {
  it('leads requests from the gateway through the called pod’s sidecar to the subset that the route names', async () => {
    const { one, v1, v2 } = await twoVersions({}, mode);
    for (let i = 0; i < 5; i += 1) expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
    one.route('v2', 'm-second');
    await until('the second route everywhere', () => everywhere(one, 'm-second'));
    for (let i = 0; i < 5; i += 1) expect(await one.call()).toMatchObject({ status: 200, version: 'v2' });
    expect([v1.served(), v2.served()]).toEqual([5, 5]);
  });

  it('leads a pod’s own calls through its sidecar, which knows the Service by its short name', async () => {
    const { one, v1 } = await twoVersions({}, mode);
    const answer = await get({
      ...one.inside(v1.ip, 15001),
      path: 'http://cafe:8080/x',
      method: 'POST',
      headers: { host: 'cafe:8080' },
    });
    expect([answer.status, answer.headers['server'], answer.headers['x-version']]).toEqual([
      200,
      'envoy',
      'v1',
    ]);
  });
});

describe('istiod', () => {
  it('says in syncz who is connected and that everything sent was acknowledged, in the recorded shape', async () => {
    const { one, v2 } = await twoVersions();
    const list = await one.istiod<Json[]>('syncz');
    expect(list.map((entry) => [entry['proxy'], entry['proxy_type']])).toEqual([
      ['cafe-v1-0.shop', 'sidecar'],
      ['cafe-v2-1.shop', 'sidecar'],
      [`${one.mesh.gateway.podName}.istio-system`, 'router'],
    ]);
    const recorded = fixture('syncz.one-proxy') as Json;
    for (const entry of list) {
      expect(shape(entry)).toEqual(shape(recorded));
      expect(Object.keys(entry)).toEqual(Object.keys(recorded));
      for (const kind of ['cluster', 'listener', 'route', 'endpoint'])
        expect(entry[`${kind}_acked`]).toBe(entry[`${kind}_sent`]);
    }
    await one.mesh.terminate(v2.uid, 'native');
    expect((await one.istiod<Json[]>('syncz')).map((entry) => entry['proxy'])).not.toContain(
      'cafe-v2-1.shop',
    );
  });

  it('shows each Istio object with the revision it has seen', async () => {
    const { one } = await twoVersions();
    const shown = (await one.istiod<{ kind: string; metadata: Json }[]>('configz')).find(
      (object) => object.kind === 'VirtualService',
    );
    const stored = one.store.get('networking.istio.io/v1/virtualservices', 'shop', 'cafe');
    expect(shown?.metadata).toMatchObject({
      resourceVersion: stored?.metadata.resourceVersion,
      generation: stored?.metadata.generation,
    });
    expect(shown?.metadata).not.toHaveProperty('managedFields');
  });

  it('pushes nothing to a frozen proxy, shows it as not acknowledged, and catches up when it thaws', async () => {
    const { one } = await twoVersions();
    const gateway = one.gatewayIp;
    one.mesh.freeze('gateway');
    one.route('v2', 'm-second');
    await until('the sidecars have the second route', async () =>
      (
        await Promise.all(
          one.mesh
            .proxies()
            .filter((proxy) => !proxy.frozen)
            .map(({ ip }) => one.marker(ip)),
        )
      ).every((found) => found === 'm-second'),
    );
    await until(
      'istiod has written the push to the frozen stream',
      async () => (await routeState(one)).sent !== (await routeState(one)).acked,
    );
    expect(await one.marker(gateway)).toBe('m-first');
    expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
    one.mesh.thaw('gateway');
    await until('the gateway has the second route', async () => (await one.marker(gateway)) === 'm-second');
    const { sent, acked } = await routeState(one);
    expect(acked).toBe(sent);
  });

  it('thaws by itself after the time it was given', async () => {
    const { one } = await twoVersions();
    one.mesh.freeze(one.mesh.gateway.podName, { forMs: 150 });
    one.route('v2', 'm-second');
    await until('everybody has the second route', () => everywhere(one, 'm-second'));
    expect(one.mesh.proxies().some((proxy) => proxy.frozen)).toBe(false);
  });

  it('names the proxies it knows when asked to freeze another', async () => {
    test = await TestMesh.start();
    const { mesh } = test;
    expect(() => mesh.freeze('nobody')).toThrow(
      `No proxy "nobody" is connected. Connected: ${mesh.gateway.podName}.istio-system.`,
    );
  });
});

async function routeState(one: TestMesh): Promise<{ sent: string; acked: string }> {
  const list =
    await one.istiod<{ proxy_type: string; resources: Record<string, { sent: string; acked: string }> }[]>(
      'syncz',
    );
  const state = list.find((entry) => entry.proxy_type === 'router')?.resources[
    'type.googleapis.com/envoy.config.route.v3.RouteConfiguration'
  ];
  if (state === undefined) throw new Error('the gateway has no routes');
  return state;
}

describe('a Sidecar that leaves a host out', () => {
  const SIDECARS = 'networking.istio.io/v1/sidecars';
  const scope = (hosts: string[], more: object = {}) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name: 'till', namespace: 'shop' },
    spec: { workloadSelector: { labels: { version: 'v1' } }, egress: [{ hosts }], ...more },
  });
  const REFUSE = { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } };

  it('makes its workload call past the mesh’s rules, or not at all, and leaves others as they were', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'services-'));
    const servicesFile = path.join(folder, 'services.json');
    try {
      const { one, v1, v2 } = await twoVersions({ servicesFile });
      one.route('v2', 'm-second');
      await until('the second route everywhere', () => everywhere(one, 'm-second'));
      one.store.create('v1/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'tea', namespace: 'shop' },
        spec: { selector: { app: 'tea' }, ports: [{ name: 'http', port: 8080 }] },
      });
      // Where kube-proxy leads: to any of the pods, here to the one that no route names.
      const ports = { 8080: one.net.outside(v1.ip, 8080) };
      writeFileSync(
        servicesFile,
        JSON.stringify([{ name: 'cafe', namespace: 'shop', addresses: ['10.96.7.7'], ports }]),
      );
      const call = (ip: string) =>
        get({
          ...one.inside(ip, 15001),
          path: 'http://cafe:8080/x',
          method: 'POST',
          headers: { host: 'cafe:8080' },
        }).then(({ status, headers, body }) => [status, headers['x-version'], body]);
      const knows = async (ip: string) =>
        (await one.admin(ip, '/clusters')).body.includes('|cafe.shop.svc.cluster.local::');
      const write = async (object: ReturnType<typeof scope>, done: () => Promise<boolean>) => {
        const known = one.store.get(SIDECARS, 'shop', 'till') !== undefined;
        if (known) one.store.mutate(SIDECARS, 'shop', 'till', (draft) => void (draft.spec = object.spec));
        else one.store.create(SIDECARS, object);
        await until('the Sidecar is obeyed', done);
      };
      expect(await call(v1.ip)).toEqual([200, 'v2', '']);

      await write(scope(['./tea.shop.svc.cluster.local']), async () => !(await knows(v1.ip)));
      expect(await knows(v2.ip)).toBe(true);
      await until('the routes, too', async () => (await call(v1.ip))[1] === 'v1');
      expect([await call(v1.ip), await call(v2.ip)]).toEqual([
        [200, 'v1', ''],
        [200, 'v2', ''],
      ]);
      expect(await one.call()).toMatchObject({ status: 200, version: 'v2' });

      const answers = async (status: number) => (await call(v1.ip))[0] === status;
      await write(scope(['./tea.shop.svc.cluster.local'], REFUSE), () => answers(502));
      expect(await call(v1.ip)).toEqual([502, undefined, '']);

      // Nothing is left on the port: the connection ends without an answer.
      const outcome = () => call(v1.ip).then(String, (error: unknown) => (error as Error).message);
      await write(scope(['~/*'], REFUSE), async () => (await outcome()) === 'socket hang up');

      one.store.delete(SIDECARS, 'shop', 'till');
      await until('the scope is everything again', async () => (await outcome()) === '200,v2,');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a proxy that is late', () => {
  /** The order of a hasty release: the route moves, and the old version goes at once. */
  async function release(one: TestMesh, old: { uid: string; stopApp: () => Promise<void> }) {
    one.route('v2', 'm-second');
    await until('the sidecars have the second route', async () =>
      (
        await Promise.all(
          one.mesh
            .proxies()
            .filter((proxy) => !proxy.frozen)
            .map(({ ip }) => one.marker(ip)),
        )
      ).every((found) => found === 'm-second'),
    );
    await old.stopApp();
    await one.mesh.terminate(old.uid, 'native');
    const answers = [];
    for (let i = 0; i < 10; i += 1) answers.push(await one.call());
    return answers;
  }

  it('loses every request when the old version is taken away before it knows', async () => {
    const { one, v1 } = await twoVersions();
    one.mesh.freeze('gateway');
    const answers = await release(one, v1);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(503));
    expect(answers[0]?.body).toContain('remote connection failure');
    // It never was anything but late.
    one.mesh.thaw('gateway');
    await until(
      'the gateway has the second route',
      async () => (await one.marker(one.gatewayIp)) === 'm-second',
    );
    expect(await one.call()).toMatchObject({ status: 200, version: 'v2' });
  });

  it('loses nothing when it is not late', async () => {
    const { one, v1 } = await twoVersions();
    const answers = await release(one, v1);
    expect(answers).toEqual(Array(10).fill({ status: 200, version: 'v2', body: '' }));
  });
});

describe('the end of a sidecar', () => {
  it('classic: serves on with connection: close until its drain time is over, then refuses, whatever the app does', async () => {
    const { one, v1 } = await twoVersions({ terminationDrainMs: 300 });
    const outside = one.net.outside(v1.ip, 8080);
    if (outside === undefined) throw new Error('no socket');
    const gone = one.mesh.terminate(v1.uid, 'classic');
    expect(one.mesh.isReady(v1.uid)).toBe(false);
    await until(
      'answers close',
      async () =>
        (await get({ ...outside, path: '/', headers: { connection: 'keep-alive' } })).headers.connection ===
        'close',
    );
    await gone;
    await expect(get({ ...outside, path: '/' })).rejects.toThrow('ECONNREFUSED');
    const direct = await get({ ...one.inside(v1.ip, 8080), path: '/' });
    expect(direct.status).toBe(200);
  });

  it('native: drains from its preStop, serves on, and is gone at once when told', async () => {
    const { one, v1 } = await twoVersions({ terminationDrainMs: 60_000 });
    const outside = one.net.outside(v1.ip, 8080);
    if (outside === undefined) throw new Error('no socket');
    one.mesh.drain(v1.uid);
    await until(
      'answers close',
      async () =>
        (await get({ ...outside, path: '/', headers: { connection: 'keep-alive' } })).headers.connection ===
        'close',
    );
    expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
    await one.mesh.terminate(v1.uid, 'native');
    await expect(get({ ...outside, path: '/' })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('pilot-agent', () => {
  it('answers the app’s rewritten probe with the app’s status, and its own readiness', async () => {
    const { one, v1 } = await twoVersions();
    const probe = await get({
      ...one.inside(v1.ip, 15020),
      path: '/app-health/cafe/readyz',
      headers: { 'user-agent': 'kube-probe/1.36' },
    });
    expect(probe.status).toBe(200);
    expect((await get({ ...one.inside(v1.ip, 15021), path: '/healthz/ready' })).status).toBe(200);
    await v1.stopApp();
    expect((await get({ ...one.inside(v1.ip, 15020), path: '/app-health/cafe/readyz' })).status).toBe(500);
  });
});
