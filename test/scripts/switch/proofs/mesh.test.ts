import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';
import { TooLongError } from '../../../../scripts/shared/read-text.ts';
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
/**
 * What each istiod says is connected, by its name; pods are listed as `lists` says, one list after another.
 */
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
/** So many forwards stay open. */
const BOUND = 1000;
const caller = (name: string) => pod(name, { app: 'caller', namespace: 'shop' });

describe('the list of proxies', () => {
  it('the list of proxies is of every istiod, and the second time all of them are asked while the pods are listed', async () => {
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

  it('the list of proxies is had only when each istiod that runs now has answered: one that is new, and none that has gone', async () => {
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

  it('the pods are listed once more when an istiod knows a proxy that was born meanwhile', async () => {
    const { cluster, lists } = clusterOf([[pod('istiod-a')], [pod('istiod-a'), caller('x')]], {
      'istiod-a': ['x.shop'],
    });
    const [proxy] = await createMesh(cluster).list();
    expect(proxy).toMatchObject({ pod: 'x', uid: 'x' });
    expect(lists()).toBe(2);
  });

  it('no list of proxies is had where no istiod runs', async () => {
    const { cluster } = clusterOf([[caller('x')]], {});
    await expect(createMesh(cluster).list()).rejects.toThrow('no istiod runs in istio-system');
  });
});

describe('an istiod that keeps clusters from gateways until a route names them', () => {
  it('an istiod that keeps clusters from gateways until a route names them is known by its environment', async () => {
    const env = (value: string) => [{ name: 'PILOT_FILTER_GATEWAY_CLUSTER_CONFIG', value }];
    const found = async (pods: Pod[]) => createMesh(clusterOf([pods], {}).cluster).filteringIstiod();
    expect(await found([pod('istiod-a'), pod('istiod-b', { env: env('true') })])).toBe('istiod-b');
    expect(await found([pod('istiod-a', { env: env('false') })])).toBeUndefined();
    expect(await found([caller('x'), pod('other', { app: 'tea', env: env('true') })])).toBeUndefined();
  });
});

describe('the forwards to thousands of proxies', () => {
  /** Each is open from its first request until it is closed. */
  function forwards() {
    let open = 0;
    let most = 0;
    let opened = 0;
    const cluster = {
      forward: () => {
        let isOpen = false;
        return {
          async request() {
            if (!isOpen) {
              open += 1;
              opened += 1;
            }
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
    return { mesh: createMesh(cluster), seen: () => ({ open, most, opened }) };
  }
  const proxies = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      ...{ key: `caller-${n}`, pod: `caller-${n}`, namespace: 'shop', uid: `uid-${n}` },
      ...{ type: 'sidecar', errors: [] },
    }));

  it('the forwards to thousands of proxies are never used after they were closed, which would leave them open for good', async () => {
    const { mesh, seen } = forwards();
    const many = proxies(BOUND + 1000);
    await Promise.all(many.map((proxy) => mesh.ask(proxy as never, '/clusters')));
    await Promise.all(many.map((proxy) => mesh.isLive(proxy as never)));
    // Beyond those that stay open only those that are asked now.
    expect(seen().most).toBeLessThanOrEqual(BOUND + 40);
    mesh.close();
    expect(seen().open).toBe(0);
  });

  it('the forwards to thousands of proxies stay open as far as they may, however many more there are', async () => {
    const { mesh, seen } = forwards();
    const many = proxies(BOUND + 100);
    for (let pass = 0; pass < 2; pass += 1)
      await Promise.all(many.map((proxy) => mesh.ask(proxy as never, '/clusters')));
    expect(seen().open).toBe(BOUND);
    expect(seen().opened).toBeLessThanOrEqual(BOUND + 2 * 140);
    mesh.close();
  });

  it('carry all questions of a turn, whoever else waits', async () => {
    const { mesh, seen } = forwards();
    const many = proxies(BOUND + 100);
    await Promise.all(many.map((proxy) => mesh.ask(proxy as never, '/clusters')));
    const before = seen().opened;
    const last = many.slice(BOUND);
    await Promise.all(
      last.map((proxy) =>
        mesh.inTurn(proxy as never, async () => {
          for (let n = 0; n < 5; n += 1) await mesh.ask(proxy as never, '/clusters');
        }),
      ),
    );
    expect(seen().opened - before).toBeLessThanOrEqual(last.length);
    mesh.close();
  });
});

describe('whether the istiods have seen what was written', () => {
  const rule = (resourceVersion: string) => ({
    kind: 'DestinationRule',
    metadata: { name: 'coffee-shop', namespace: 'shop', resourceVersion },
  });
  /** istiods whose configuration is at the revision of that name, and that take so long to tell it. */
  function istiods(at: Record<string, string | Error>, tookMs = 0) {
    const asked: string[] = [];
    let nowMs = 0;
    const cluster = {
      list: () => Promise.resolve(Object.keys(at).map((name) => pod(name))),
      forward: (_namespace: string, name: string) => ({
        request() {
          asked.push(name);
          nowMs += tookMs;
          const revision = at[name] ?? '';
          if (revision instanceof Error) return Promise.reject(revision);
          return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify([rule(revision)]) });
        },
        close: () => undefined,
      }),
    } as unknown as Cluster;
    const mesh = createMesh(cluster, { clock: { now: () => nowMs } as never });
    return { mesh, asked };
  }

  it('istiods are asked whether they have seen what was written until each has, and only those that have not', async () => {
    const at: Record<string, string | Error> = { 'istiod-a': '2', 'istiod-b': '1' };
    const { mesh, asked } = istiods(at);
    const late = 'istiod-b has not seen this revision of DestinationRule coffee-shop';
    expect([await mesh.unseenBy(rule('2')), await mesh.unseenBy(rule('2'))]).toEqual([late, late]);
    at['istiod-b'] = '2';
    expect(await mesh.unseenBy(rule('2'))).toBeUndefined();
    expect(await mesh.unseenBy(rule('2'))).toBeUndefined();
    expect(asked).toEqual(['istiod-a', 'istiod-b', 'istiod-b', 'istiod-b']);
    expect(await mesh.unseenBy(rule('3'))).toBe(late.replace('-b', '-a'));
  });

  it('an istiod that could not tell is asked again', async () => {
    const at: Record<string, string | Error> = { 'istiod-a': new Error('away') };
    const { mesh } = istiods(at);
    expect(await mesh.unseenBy(rule('2'))).toBeUndefined();
    at['istiod-a'] = '1';
    expect(await mesh.unseenBy(rule('2'))).toContain('istiod-a has not seen');
  });

  it('istiods are never asked again for their configuration once the answer took a second', async () => {
    const { mesh, asked } = istiods({ 'istiod-a': '1' }, 1001);
    expect(await mesh.unseenBy(rule('2'))).toContain('istiod-a has not seen');
    expect(await mesh.unseenBy(rule('2'))).toBeUndefined();
    expect(await mesh.unseenBy(rule('3'))).toBeUndefined();
    expect(asked).toEqual(['istiod-a']);
  });
});

describe('a proxy’s answer longer than 4 MB', () => {
  /** Every answer has this length; longer than what is read of it, it is refused as a forward does. */
  function longAnswers(bytes: number) {
    const asked: number[] = [];
    let most = 0;
    let held = 0;
    const cluster = {
      forward: () => ({
        async request(_path: string, { limitBytes = 0 }: { limitBytes?: number }) {
          asked.push(limitBytes);
          if (bytes > limitBytes) throw new TooLongError('shop/x:15000 (GET /clusters)', limitBytes);
          held += 1;
          most = Math.max(most, held);
          await new Promise(setImmediate);
          held -= 1;
          return { status: 200, headers: {}, body: '{"read":true}' };
        },
        close: () => undefined,
      }),
    } as unknown as Cluster;
    const proxies = ['x', 'y', 'z'].map((name) => ({ key: name, uid: name, pod: name, namespace: 'shop' }));
    const mesh = createMesh(cluster);
    const askAll = () => Promise.all(proxies.map((proxy) => mesh.ask(proxy as never, '/clusters')));
    return { askAll, asked, most: () => most };
  }
  const MB = 1024 * 1024;

  it('a proxy’s answer longer than 4 MB is read alone, and at once so the next time', async () => {
    const { askAll, asked, most } = longAnswers(50 * MB);
    expect(await askAll()).toEqual([{ read: true }, { read: true }, { read: true }]);
    await askAll();
    expect(most()).toBe(1);
    const first = [4, 4, 4, 64, 64, 64].map((size) => size * MB);
    expect(asked).toEqual([...first, ...[64, 64, 64].map((size) => size * MB)]);
  });

  it('a proxy’s answer is read beside others where it is shorter than 4 MB', async () => {
    const { askAll, most } = longAnswers(4 * MB);
    await askAll();
    expect(most()).toBe(3);
  });

  it('a proxy’s answer is refused beyond 64 MB, with what makes it shorter', async () => {
    await expect(longAnswers(65 * MB).askAll()).rejects.toThrow(
      /^shop\/x:15000 \(GET \/clusters\) answered more than 64 MB; the rest was not read\. A Sidecar resource/,
    );
  });
});
