import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';
import { createMesh } from '../../../../scripts/switch/proofs/mesh.ts';

const pod = (
  name: string,
  { app = 'istiod', env = [] as object[], namespace = 'istio-system' } = {},
): Pod => ({
  metadata: { name, namespace, uid: name, labels: { app } },
  spec: { containers: [{ name: 'main', env }] },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: app === 'istiod' ? 'discovery' : 'istio-proxy', state: { running: {} } }],
  },
});
/** What each istiod says is connected, by its name; pods are listed as `lists` says, one list after another. */
function clusterOf(lists: Pod[][], connected: Record<string, string[] | Error>) {
  let listed = 0;
  const asked: string[] = [];
  const cluster = {
    list: () => Promise.resolve(lists[Math.min(listed++, lists.length - 1)]),
    forward: (_namespace: string, name: string) => ({
      request(path: string) {
        asked.push(`${name} ${path}`);
        const answer = connected[name] ?? [];
        if (answer instanceof Error) return Promise.reject(answer);
        const body = JSON.stringify(answer.map((proxy) => ({ proxy, proxy_type: 'sidecar' })));
        return Promise.resolve({ status: 200, headers: {}, body });
      },
      close: () => undefined,
    }),
  } as unknown as Cluster;
  return { cluster, asked, lists: () => listed };
}
const caller = (name: string) => pod(name, { app: 'caller', namespace: 'shop' });

describe('the list of proxies', () => {
  it('is of every istiod, and the second time all of them are asked while the pods are listed', async () => {
    const pods = [pod('istiod-a'), pod('istiod-b'), caller('x'), caller('y')];
    const { cluster, asked } = clusterOf([pods], { 'istiod-a': ['x.shop'], 'istiod-b': ['y.shop'] });
    const mesh = createMesh(cluster);
    for (let pass = 0; pass < 2; pass += 1)
      expect((await mesh.list()).map(({ pod: name, type }) => `${name} ${type}`)).toEqual([
        'x sidecar',
        'y sidecar',
      ]);
    expect(asked).toEqual(
      ['istiod-a', 'istiod-b', 'istiod-a', 'istiod-b'].map((name) => `${name} /debug/syncz`),
    );
    mesh.close();
  });

  it('is had only when each istiod that runs now has answered: one that is new, and none that has gone', async () => {
    const before = [pod('istiod-a'), caller('x')];
    const after = [pod('istiod-b'), caller('x'), caller('y')];
    const connected: Record<string, string[] | Error> = {
      'istiod-a': ['x.shop'],
      'istiod-b': ['x.shop', 'y.shop'],
    };
    const { cluster } = clusterOf([before, after], connected);
    const mesh = createMesh(cluster);
    await mesh.list();
    connected['istiod-a'] = new Error('gone');
    expect((await mesh.list()).map(({ pod: name }) => name)).toEqual(['x', 'y']);
    connected['istiod-b'] = new Error('connection refused');
    await expect(mesh.list()).rejects.toThrow(
      'istiod-b cannot say which proxies it serves: connection refused',
    );
  });

  it('is asked for the pods once more when an istiod knows one that was born meanwhile', async () => {
    const { cluster, lists } = clusterOf([[pod('istiod-a')], [pod('istiod-a'), caller('x')]], {
      'istiod-a': ['x.shop'],
    });
    const [proxy] = await createMesh(cluster).list();
    expect(proxy).toMatchObject({ pod: 'x', uid: 'x' });
    expect(lists()).toBe(2);
  });

  it('is refused where no istiod runs', async () => {
    const { cluster } = clusterOf([[caller('x')]], {});
    await expect(createMesh(cluster).list()).rejects.toThrow('no istiod runs in istio-system');
  });
});

describe('an istiod that keeps clusters from gateways until a route names them', () => {
  it('is known by its environment', async () => {
    const env = (value: string) => [{ name: 'PILOT_FILTER_GATEWAY_CLUSTER_CONFIG', value }];
    const found = async (pods: Pod[]) => createMesh(clusterOf([pods], {}).cluster).filteringIstiod();
    expect(await found([pod('istiod-a'), pod('istiod-b', { env: env('true') })])).toBe('istiod-b');
    expect(await found([pod('istiod-a', { env: env('false') })])).toBeUndefined();
    expect(await found([caller('x'), pod('other', { app: 'tea', env: env('true') })])).toBeUndefined();
  });
});

describe('the forwards to a thousand proxies', () => {
  it('are never used after they were closed, which would leave them open for good', async () => {
    let open = 0;
    let most = 0;
    const cluster = {
      forward: () => {
        let isOpen = false;
        return {
          async request() {
            if (!isOpen) open += 1;
            isOpen = true;
            most = Math.max(most, open);
            await new Promise(setImmediate);
            return { status: 200, headers: {}, body: '{}' };
          },
          close() {
            if (isOpen) open -= 1;
            isOpen = false;
          },
        };
      },
    } as unknown as Cluster;
    const mesh = createMesh(cluster);
    const proxies = Array.from({ length: 1000 }, (_, n) => ({
      ...{ key: `caller-${n}`, pod: `caller-${n}`, namespace: 'shop', uid: `uid-${n}` },
      ...{ type: 'sidecar', errors: [] },
    }));
    await Promise.all(proxies.map((proxy) => mesh.ask(proxy as never, '/clusters')));
    await Promise.all(proxies.map((proxy) => mesh.isLive(proxy as never)));
    expect(most).toBeLessThanOrEqual(201);
    mesh.close();
    expect(open).toBe(0);
  });
});
