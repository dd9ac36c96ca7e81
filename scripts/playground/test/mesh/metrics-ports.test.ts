import { afterEach, describe, expect, it } from '@jest/globals';
import { get, TestMesh, until } from './support/test-mesh.ts';

let test: TestMesh | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

/** The value of the first line that begins so; undefined without one. */
function valueOf(page: string, begins: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(begins));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

describe('the ports for Prometheus of the built-in proxy', () => {
  it('count the calls through the gateway, on both ports, for whoever asks from outside the pod', async () => {
    test = await TestMesh.start();
    const one = test;
    const pod = await one.addPod('v1', { 'sidecar.istio.io/statsInclusionPrefixes': 'cluster.outbound' });
    one.subsets('v1');
    one.route('v1', 'm-first');
    await until('v1 to serve', async () => (await one.call().catch(() => undefined))?.version === 'v1');
    const ask = (ip: string, port: number, path = '/stats/prometheus') => {
      const address = one.net.outside(ip, port);
      if (address === undefined) throw new Error(`no address for ${ip}:${port}`);
      return get({ ...address, path });
    };
    const answered =
      'istio_requests_total{reporter="source",destination_app="cafe",destination_version="v1",destination_canonical_revision="v1",' +
      'destination_service="cafe.shop.svc.cluster.local",destination_service_name="cafe",' +
      'destination_service_namespace="shop",request_protocol="http",response_code="200"}';
    const types = ({ body }: { body: string }) =>
      body.split('\n').filter((line) => line.startsWith('# TYPE '));
    // Each metric has its type, once, before its values: a scraper refuses anything else.
    const expectEachTypeOnce = (page: { body: string }) =>
      expect(new Set(types(page).map((line) => line.split(' ')[2])).size).toBe(types(page).length);
    for (const port of [15090, 15020]) {
      const before = valueOf((await ask(one.gatewayIp, port)).body, answered) ?? 0;
      for (let i = 0; i < 3; i += 1) await one.call();
      const answer = await ask(one.gatewayIp, port);
      expect([answer.status, answer.headers['content-type']]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(valueOf(answer.body, answered)).toBe(before + 3);
      expect(valueOf(answer.body, 'envoy_cluster_manager_active_clusters{}')).toBeGreaterThan(0);
      expectEachTypeOnce(answer);
      expect(types(answer)).toContain('# TYPE istio_requests_total counter');
      expect(answer.body).not.toContain('envoy_cluster_upstream_');
      expect((await ask(one.gatewayIp, port, '/elsewhere')).status).toBe(404);
    }
    const narrowed = await ask(one.gatewayIp, 15090, '/stats/prometheus?filter=istio_requests_total');
    expect(valueOf(narrowed.body, answered)).toBeGreaterThan(0);
    expect(narrowed.body).not.toContain('envoy_');
    // The called pod's proxy sends nothing out: it has no caller's metrics, and its page is not empty.
    const page = await ask(pod.ip, 15090);
    const sidecar = page.body;
    expectEachTypeOnce(page);
    expect(sidecar).not.toContain('istio_requests_total');
    expect(valueOf(sidecar, 'envoy_server_live{}')).toBe(1);
    // Its annotation asks for what Istio leaves out by default.
    for (const subset of ['', 'v1']) {
      const labels = `{cluster_name="outbound|8080|${subset}|cafe.shop.svc.cluster.local;"}`;
      expect(valueOf(sidecar, `envoy_cluster_upstream_rq_pending_overflow${labels}`)).toBe(0);
    }
  });
});
