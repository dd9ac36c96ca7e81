import { describe, expect, it } from '@jest/globals';
import type { DestinationRule, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { createVirtualServiceRouting } from '../../../../scripts/switch/index.ts';
import type { Mesh } from '../../../../scripts/switch/proofs/mesh.ts';
import { createProver } from '../../../../scripts/switch/proofs/prover.ts';
import type { Proxy } from '../../../../scripts/switch/proofs/proxies.ts';

const HOST = 'coffee-shop.shop.svc.cluster.local';
const WHOLE = '/config_dump?resource=dynamic_route_configs';
const MARKER = 'switch-v1-to-v2-1a2b3c4d';
const target = { host: HOST, namespace: 'shop' };
const virtualService = {
  metadata: { name: 'coffee-shop', namespace: 'shop' },
  spec: {
    hosts: ['coffee-shop'],
    http: [{ name: MARKER, route: [{ destination: { host: 'coffee-shop', subset: 'v2' } }] }],
  },
} as VirtualService;
const destinationRule = { metadata: { name: 'coffee-shop' }, spec: { host: HOST } } as DestinationRule;
const question = createVirtualServiceRouting({ virtualService, roots: [], destinationRule }, target).routed({
  from: 'v1',
  to: 'v2',
  share: 100,
  marker: MARKER,
});

const config = '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/coffee-shop';
const table = (name: string, route: { name: string; subset: string; host?: string; ours?: boolean }) => ({
  route_config: {
    name,
    virtual_hosts: [
      {
        name: `a host of ${name}`,
        routes: [
          {
            name: route.name,
            route: { cluster: `outbound|8080|${route.subset}|${route.host ?? HOST}` },
            ...(route.ours === false ? {} : { metadata: { filter_metadata: { istio: { config } } } }),
          },
        ],
      },
    ],
  },
});
type Table = ReturnType<typeof table>;
const old = { name: 'main', subset: 'v1' };
const moved = { name: MARKER, subset: 'v2' };
const tea = { name: 'tea', subset: '', host: 'tea.shop.svc.cluster.local', ours: false };

/** Each proxy shows its tables one look after another; the last ones stay. */
function meshOf(shown: Record<string, Table[][]>) {
  const asked: string[] = [];
  const looks = new Map<string, number>();
  const mesh = {
    list: () =>
      Promise.resolve(
        Object.keys(shown).map((pod) => ({ key: pod, uid: pod, pod, namespace: 'shop', type: 'sidecar' })),
      ),
    ask({ pod }: Proxy, path: string) {
      asked.push(`${pod} ${decodeURIComponent(path)}`);
      const look = looks.get(pod) ?? 0;
      looks.set(pod, look + 1);
      const tables = shown[pod] ?? [];
      const pattern = new URL(path, 'http://envoy').searchParams.get('name_regex') ?? '.*';
      const now = tables[Math.min(look, tables.length - 1)] ?? [];
      const configs = now.filter(({ route_config: { name } }) => new RegExp(`^(?:${pattern})$`).test(name));
      return Promise.resolve(configs.length > 0 ? { configs } : {});
    },
    inTurn: <T>(_proxy: Proxy, task: () => Promise<T>) => task(),
    isLive: () => Promise.resolve(true),
    unseenBy: () => Promise.resolve(undefined),
  } as unknown as Mesh;
  return { mesh, asked };
}
const prove = (mesh: Mesh) => createProver(mesh).routes({ question }, { deadlineMs: 5000 });

describe('proof B while a proxy is late', () => {
  it('proof B asks a late proxy again only for the route configurations that hold the service, and for all of them at the end', async () => {
    const before = [table('8080', old), table('http.8080', old), table('9090', tea)];
    const after = [table('8080', moved), table('http.8080', moved), table('9090', tea)];
    const { mesh, asked } = meshOf({ caller: [before, before, before, after] });
    expect(await prove(mesh)).toMatchObject({ proxies: 1 });
    const part = `caller ${WHOLE}&name_regex=8080|http\\.8080`;
    expect(asked).toEqual([`caller ${WHOLE}`, part, part, part, `caller ${WHOLE}`]);
  });

  it('proof B is not given by those alone: a route of any name that still leads to the old version is found in the whole', async () => {
    const other = table('9090', { ...old, ours: false });
    const { mesh, asked } = meshOf({
      caller: [
        [table('8080', old), table('9090', tea)],
        [table('8080', moved), other],
        [table('8080', moved), other],
        [table('8080', moved), other],
        [table('8080', moved), table('9090', tea)],
      ],
    });
    await prove(mesh);
    expect(asked).toEqual([
      `caller ${WHOLE}`,
      `caller ${WHOLE}&name_regex=8080`,
      `caller ${WHOLE}`,
      `caller ${WHOLE}&name_regex=8080|9090`,
      `caller ${WHOLE}&name_regex=8080|9090`,
      `caller ${WHOLE}`,
    ]);
  });

  it('proof B looks at the whole of every proxy, whatever others have shown', async () => {
    const { mesh, asked } = meshOf({
      late: [[table('8080', old)], [table('8080', moved)]],
      gateway: [[table('http.80', old)], [table('http.80', old)], [table('http.80', moved)]],
    });
    await prove(mesh);
    for (const pod of ['late', 'gateway'])
      expect(asked.filter((text) => text.startsWith(pod)).at(-1)).toBe(`${pod} ${WHOLE}`);
  });
});
