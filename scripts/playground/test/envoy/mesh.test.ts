import { afterEach, expect, it } from '@jest/globals';
import { get, TestMesh, until as untilWithin, type TestPod } from '../mesh/support/test-mesh.ts';
import { ask, post } from '../mesh/support/raw-client.ts';
import { startGuard } from '../../kubelet/guard.ts';
import { describeWithEnvoy } from './support/envoy.ts';

const DEADLINE_MS = 20_000;
const until = (what: string, condition: () => Promise<boolean>) => untilWithin(what, condition, DEADLINE_MS);

let test: TestMesh | undefined;
let guard: ReturnType<typeof startGuard> | undefined;
afterEach(async () => {
  await test?.close();
  await guard?.close();
  test = guard = undefined;
});

describeWithEnvoy('a mesh of real Envoys', (envoyBinary) => {
  async function twoVersions(
    mode: 'auto' | 'port-per-pod' = 'auto',
  ): Promise<{ one: TestMesh; v1: TestPod; v2: TestPod }> {
    guard = startGuard({ stateDir: '/nonexistent' });
    const failures: Error[] = [];
    const one = await TestMesh.start(
      { envoyBinary, guard, onFailure: (error) => failures.push(error) },
      mode,
    );
    test = one;
    const [v1, v2] = [await one.addPod('v1'), await one.addPod('v2')];
    one.subsets('v1', 'v2');
    one.route('v1', 'm-first');
    await until('the first route everywhere', () => everywhere(one, 'm-first'));
    return { one, v1, v2 };
  }

  async function everywhere(one: TestMesh, marker: string): Promise<boolean> {
    const markers = await Promise.all(one.mesh.proxies().map(({ ip }) => one.marker(ip)));
    return markers.every((found) => found === marker);
  }

  it.each(['auto', 'port-per-pod'] as const)(
    'leads requests to the subset that the route names, from outside and from a pod, and shows pods’ addresses (%s)',
    async (mode) => {
      const { one, v1, v2 } = await twoVersions(mode);
      for (let i = 0; i < 5; i += 1) expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
      one.route('v2', 'm-second');
      await until('the second route everywhere', () => everywhere(one, 'm-second'));
      for (let i = 0; i < 5; i += 1) expect(await one.call()).toMatchObject({ status: 200, version: 'v2' });
      const own = await get({
        ...one.inside(v1.ip, 15001),
        path: 'http://cafe:8080/x',
        method: 'POST',
        headers: { host: 'cafe:8080' },
      });
      expect([own.status, own.headers['server'], own.headers['x-version']]).toEqual([200, 'envoy', 'v2']);
      expect([v1.served(), v2.served()]).toEqual([5, 6]);
      const regex = encodeURIComponent('outbound\\|8080\\|v2\\|cafe\\..*');
      const { body } = await one.admin(
        one.gatewayIp,
        `/config_dump?include_eds&resource=dynamic_endpoint_configs&name_regex=${regex}`,
      );
      expect(body.replace(/\s+/g, ' ')).toContain(`"address": "${v2.ip}", "port_value": 8080`);
      const listeners = await one.admin(v1.ip, '/listeners');
      expect(listeners.body.trim().split('\n')).toEqual(
        expect.arrayContaining(['virtualInbound::0.0.0.0:15006', 'virtualOutbound::0.0.0.0:15001']),
      );
      expect((await one.admin(v1.ip, '/server_info')).body).toContain('"state": "LIVE"');
    },
  );

  it('a frozen proxy keeps what it has, unacknowledged, and catches up when it thaws', async () => {
    const { one, v2 } = await twoVersions();
    one.mesh.freeze('gateway');
    one.route('v2', 'm-second');
    await until('the sidecars have the second route', async () => (await one.marker(v2.ip)) === 'm-second');
    expect(await one.call()).toMatchObject({ version: 'v1' });
    const syncz = await one.istiod<Record<string, string>[]>('syncz');
    const gateway = syncz.find((entry) => entry['proxy_type'] === 'router');
    expect(gateway?.['route_acked']).not.toBe(gateway?.['route_sent']);
    one.mesh.thaw('gateway');
    await until('the gateway has it too', () => everywhere(one, 'm-second'));
    expect(await one.call()).toMatchObject({ version: 'v2' });
    await until('all is acknowledged', async () =>
      (await one.istiod<Record<string, string>[]>('syncz')).every((entry) =>
        ['cluster', 'listener', 'route', 'endpoint'].every(
          (kind) => entry[`${kind}_acked`] === entry[`${kind}_sent`],
        ),
      ),
    );
  });

  it('obeys a Sidecar that leaves the host out and refuses what it does not name', async () => {
    const { one, v1, v2 } = await twoVersions();
    const SIDECARS = 'networking.istio.io/v1/sidecars';
    one.store.create('v1/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'tea', namespace: 'shop' },
      spec: { selector: { app: 'tea' }, ports: [{ name: 'http', port: 8080 }] },
    });
    one.store.create(SIDECARS, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata: { name: 'till', namespace: 'shop' },
      spec: {
        workloadSelector: { labels: { version: 'v1' } },
        egress: [{ hosts: ['./tea.shop.svc.cluster.local'] }],
        outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
      },
    });
    const call = async (ip: string) => {
      const target = { path: 'http://cafe:8080/x', headers: { host: 'cafe:8080' } };
      const { status, body } = await get({ ...one.inside(ip, 15001), ...target });
      return [status, body];
    };
    await until('calls are refused', async () => (await call(v1.ip))[0] === 502);
    expect(await call(v1.ip)).toEqual([502, '']);
    expect(await call(v2.ip)).toEqual([200, '']);
    expect((await one.admin(v1.ip, '/clusters')).body).not.toContain('|cafe.shop.svc.cluster.local::');
    expect((await one.admin(v2.ip, '/clusters')).body).toContain('|cafe.shop.svc.cluster.local::');
    one.store.delete(SIDECARS, 'shop', 'till');
    await until('the scope is everything again', async () => (await call(v1.ip))[0] === 200);
  });

  it('ends connections by answer while it drains, and is gone when its time is over', async () => {
    const { one, v1 } = await twoVersions();
    const outside = one.net.outside(v1.ip, 8080);
    if (outside === undefined) throw new Error('no address');
    expect((await ask(outside, post('/', 'cafe'))).headers['connection']).toBeUndefined();
    one.mesh.drain(v1.uid);
    await until(
      'answers end their connections',
      async () => (await ask(outside, post('/', 'cafe'))).headers['connection'] === 'close',
    );
    expect((await get({ ...one.inside(v1.ip, 15020), path: '/healthz/ready' })).status).toBe(503);
    await one.mesh.terminate(v1.uid, 'native');
    await expect(ask(outside, post('/', 'cafe'))).rejects.toThrow('ECONNREFUSED');
    expect(await one.call()).toMatchObject({
      status: 503,
      body: 'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure',
    });
  });

  it('a deleted gateway pod is replaced by another at the same address', async () => {
    const { one } = await twoVersions();
    const { podName, port } = one.mesh.gateway;
    one.store.delete('v1/pods', 'istio-system', podName);
    await until('the old one to be gone', async () =>
      Promise.resolve(one.store.get('v1/pods', 'istio-system', podName) === undefined),
    );
    expect(one.mesh.gateway.port).toBe(port);
    expect(one.mesh.gateway.podName).not.toBe(podName);
    await until('the new one to serve', async () => everywhere(one, 'm-first'));
    for (let i = 0; i < 5; i += 1) expect(await one.call()).toMatchObject({ status: 200, version: 'v1' });
  });

  it('answers on the ports for health and metrics', async () => {
    const { one, v1 } = await twoVersions();
    expect((await get({ ...one.inside(v1.ip, 15021), path: '/healthz/ready' })).status).toBe(200);
    const metrics = await get({ ...one.inside(v1.ip, 15090), path: '/stats/prometheus' });
    expect(metrics.body).toMatch(/^envoy_cluster_manager_active_clusters\{\} \d+$/m);
  });
});
