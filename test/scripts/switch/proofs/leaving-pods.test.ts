import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';
import { leavingPods } from '../../../../scripts/switch/proofs/leaving-pods.ts';
import type { Mesh } from '../../../../scripts/switch/proofs/mesh.ts';
import type { Proxy } from '../../../../scripts/switch/proofs/proxies.ts';
import { startQuietWatch } from '../../../../scripts/switch/proofs/quiet-watch.ts';
import type { ClusterStatuses } from '../../../../scripts/shared/istio/envoy-answers.ts';
import { clustersPathOf } from '../../../../scripts/switch/routing/host-load.ts';

const HOST = 'coffee-shop.shop.svc.cluster.local';
const sidecar = { name: 'istio-proxy', state: { running: {} } };
const pod = (name: string, { containers = [sidecar] as object[], annotations = {} } = {}): Pod =>
  ({
    metadata: { name, namespace: 'shop', uid: name, annotations },
    spec: { containers: [] },
    status: { phase: 'Running', podIP: '10.0.0.1', containerStatuses: containers },
  }) as unknown as Pod;
const proxy = (uid: string) => ({ key: uid, uid, pod: uid, namespace: 'shop' }) as unknown as Proxy;

/**
 * A proxy that knows the service, and another Service that selects the
 * same pods; it answers as an Envoy that has the filter.
 */
function meshWith(answers: Record<string, ClusterStatuses>) {
  const asked: string[] = [];
  const mesh = {
    ask(proxy: Proxy, path: string) {
      asked.push(`${proxy.pod} ${path}`);
      const filter = new URL(path, 'http://envoy').searchParams.get('filter') ?? '';
      const { cluster_statuses: statuses = [] } = answers[proxy.pod] ?? {};
      const wanted = statuses.filter(({ name = '' }) => new RegExp(filter).test(name));
      return Promise.resolve({ cluster_statuses: wanted });
    },
  } as unknown as Mesh;
  return { mesh, asked };
}
const busy = (name: string): ClusterStatuses => ({
  cluster_statuses: [
    {
      name,
      host_statuses: [
        {
          address: { socket_address: { address: '10.0.0.1', port_value: 8080 } },
          stats: [{ name: 'rq_active', value: '1' }],
        },
      ],
    },
  ],
});
const look = (mesh: Mesh, who: string, pods: Pod[]) =>
  startQuietWatch(
    { version: 'v1', hosts: [HOST], quietMs: 0, pods: () => Promise.resolve(leavingPods(pods)) },
    { mesh, clock: { now: () => 0 } as never },
  ).look(proxy(who), new AbortController().signal);

describe('what proof C asks a proxy for', () => {
  it('proof C asks a caller for the clusters of the service alone', async () => {
    const { mesh, asked } = meshWith({ caller: busy(`outbound|8080|v1|${HOST}`) });
    expect(await look(mesh, 'caller', [pod('old')])).toMatchObject({
      saw: '1 active request on the old pods',
    });
    expect(asked).toEqual([`caller ${clustersPathOf([HOST])}`]);
  });

  it.each(['inbound|8080||', 'outbound|8080||another-service.shop.svc.cluster.local'])(
    'proof C asks the old pods’ own sidecars for the whole page, where requests through another Service show as %s',
    async (cluster) => {
      const { mesh, asked } = meshWith({ old: busy(cluster) });
      expect(await look(mesh, 'old', [pod('old')])).toMatchObject({
        saw: '1 active request on the old pods',
      });
      expect(asked).toEqual(['old /clusters?format=json']);
    },
  );

  it.each([
    ['has no sidecar', pod('bare', { containers: [] })],
    ['has one that does not run', pod('ended', { containers: [{ name: 'istio-proxy', state: {} }] })],
    [
      'lets a port past it',
      pod('past', { annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '8080' } }),
    ],
  ])('proof C asks everybody for the whole page as long as one old pod %s', async (_what, odd) => {
    const { mesh } = meshWith({ caller: busy('outbound|8080||another-service.shop.svc.cluster.local') });
    expect(await look(mesh, 'caller', [pod('old'), odd])).toMatchObject({
      saw: '1 active request on the old pods',
    });
  });
});

describe('the filter on the clusters of a service', () => {
  it.each([
    [`outbound|8080|v1|${HOST}`, true],
    [`outbound|8080||${HOST}`, true],
    [`outbound_.8080_.v1_.${HOST}`, true],
    [`inbound-vip|8080|http/v1|${HOST}`, true],
    [`outbound|8080||my-${HOST}`, false],
    ['outbound|8080||coffee-shop-shop.svc.cluster.local', false],
    ['inbound|8080||', false],
  ])(
    'the filter on the clusters of a service has %s: %s, whether it must match all of the name or a part',
    (name, expected) => {
      const filter = new URL(clustersPathOf([HOST]), 'http://envoy').searchParams.get('filter') ?? '';
      expect([new RegExp(filter).test(name), new RegExp(`^(?:${filter})$`).test(name)]).toEqual([
        expected,
        expected,
      ]);
    },
  );

  it('the filter on the clusters of a service has those of each of its names', () => {
    const names = [HOST, 'coffee-shop-v1.shop.svc.cluster.local'];
    const filter = new RegExp(
      new URL(clustersPathOf(names), 'http://envoy').searchParams.get('filter') ?? '',
    );
    expect(names.map((name) => filter.test(`outbound|8080||${name}`))).toEqual([true, true]);
    expect(filter.test('outbound|8080||coffee-shop-v2.shop.svc.cluster.local')).toBe(false);
  });
});
