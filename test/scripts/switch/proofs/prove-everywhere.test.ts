import { describe, expect, it } from '@jest/globals';
import { pause } from '../../../../scripts/shared/wait.ts';
import { proven, unproven } from '../../../../scripts/switch/routing/verdict.ts';
import type { Mesh } from '../../../../scripts/switch/proofs/mesh.ts';
import { NotProvenError, proveEverywhere } from '../../../../scripts/switch/proofs/prove-everywhere.ts';
import type { Proxy } from '../../../../scripts/switch/proofs/proxies.ts';

const proxy = (pod: string, more: Partial<Proxy> = {}): Proxy => ({
  key: pod,
  namespace: 'shop',
  pod,
  type: 'sidecar',
  uid: pod,
  terminating: false,
  rejected: undefined,
  ...more,
});
/** Lists what the test says, pass by pass; the last list stays. */
function meshOf(...lists: (Proxy[] | Error)[]): Mesh & { passes: number } {
  const mesh = {
    passes: 0,
    list() {
      const list = lists[Math.min(mesh.passes, lists.length - 1)] ?? [];
      mesh.passes += 1;
      return list instanceof Error ? Promise.reject(list) : Promise.resolve(list);
    },
    ask: () => Promise.reject(new Error('not asked here')),
    read: () => Promise.reject(new Error('not asked here')),
    filteringIstiod: () => Promise.resolve(undefined),
    inTurn: <T>(_proxy: Proxy, task: () => Promise<T>) => task(),
    isLive: () => Promise.resolve(true),
    unseenBy: () => Promise.resolve(undefined),
    close: () => undefined,
  };
  return mesh;
}
const always = () => Promise.resolve(proven());
const never = () => Promise.resolve(unproven('still on v1'));

describe('proveEverywhere', () => {
  it('a proof is had only with a second list without a new proxy', async () => {
    const mesh = meshOf([proxy('a')], [proxy('a'), proxy('b')], [proxy('a'), proxy('b')]);
    const proof = await proveEverywhere(mesh, { what: 'it', check: always, deadlineMs: 5000 });
    expect(proof.proxies).toBe(2);
    expect(mesh.passes).toBe(3);
  });

  it('a proof waits for the slow proxy and names it', async () => {
    const started = performance.now();
    const check = ({ pod }: Proxy) =>
      Promise.resolve(
        pod !== 'slow' || performance.now() - started > 300 ? proven() : unproven('still on v1'),
      );
    const said: string[] = [];
    const proof = await proveEverywhere(meshOf([proxy('a'), proxy('slow'), proxy('b')]), {
      what: 'it',
      check,
      deadlineMs: 5000,
      onProgress: (text) => said.push(text),
    });
    expect(said).toContain('2/3 proxies, waiting for slow.shop: still on v1');
    expect(proof.slowest?.proxy).toBe('slow.shop');
    expect(proof.slowest?.ms).toBeGreaterThanOrEqual(300);
  });

  it('a proof stops at the deadline and says which proxies did not show what, and what they showed', async () => {
    const check = ({ pod }: Proxy) => (pod === 'a' ? always() : never());
    const waiting = proveEverywhere(
      meshOf([proxy('a'), proxy('b'), proxy('c', { rejected: 'RouteConfiguration: bad' })]),
      {
        what: 'the new route',
        check,
        deadlineMs: 200,
      },
    );
    await expect(waiting).rejects.toThrow(
      '2 of 3 proxies did not show the new route within 200 ms: b.shop (still on v1), ' +
        'c.shop (still on v1; it rejected its configuration: RouteConfiguration: bad)',
    );
    await expect(waiting).rejects.toMatchObject({ proxies: ['b.shop', 'c.shop'] });
    await expect(waiting).rejects.toBeInstanceOf(NotProvenError);
  });

  it('a proof says what a proxy rejected as soon as an istiod tells, before what is only late', async () => {
    const rejecting = proxy('c', { rejected: 'RouteConfiguration: bad' });
    const said: string[] = [];
    const stop = new AbortController();
    const check = ({ pod }: Proxy) => (pod === 'a' ? always() : never());
    const waiting = proveEverywhere(
      meshOf([proxy('a'), proxy('b'), proxy('c')], [proxy('a'), proxy('b'), rejecting]),
      {
        what: 'the new route',
        check,
        deadlineMs: 20_000,
        signal: stop.signal,
        onProgress(text) {
          said.push(text);
          if (text.includes('rejected')) stop.abort(new Error('heard'));
        },
      },
    );
    await expect(waiting).rejects.toThrow('heard');
    expect(said).toContain('1/3 proxies, waiting for b.shop: still on v1');
    expect(said.at(-1)).toBe(
      '1/3 proxies, waiting for c.shop: still on v1; it rejected its configuration: RouteConfiguration: bad',
    );
  });

  it('a proof does not take a proxy that cannot be asked for a proven one', async () => {
    const check = () => Promise.reject(new Error('connection refused'));
    await expect(
      proveEverywhere(meshOf([proxy('a')]), { what: 'it', check, deadlineMs: 150 }),
    ).rejects.toThrow('a.shop (cannot be asked: connection refused)');
  });

  it('a proof is not had by proxies that all have nothing to do with it', async () => {
    const asked = { what: 'it', atLeastOne: 'proxy that knows cafe.shop', deadlineMs: 150 };
    const uninvolved = () => Promise.resolve(proven(false));
    const mesh = () => meshOf([proxy('a'), proxy('b')]);
    await expect(proveEverywhere(mesh(), { ...asked, check: uninvolved })).rejects.toThrow(
      'it is not proven within 150 ms: there is no proxy that knows cafe.shop',
    );
    const check = ({ pod }: Proxy) => (pod === 'a' ? always() : uninvolved());
    expect((await proveEverywhere(mesh(), { ...asked, deadlineMs: 5000, check })).proxies).toBe(2);
  });

  it('a proof lets go of a proxy that has left', async () => {
    const mesh = meshOf([proxy('a'), proxy('leaving')], [proxy('a')]);
    const check = ({ pod }: Proxy) => (pod === 'a' ? always() : never());
    expect((await proveEverywhere(mesh, { what: 'it', check, deadlineMs: 5000 })).proxies).toBe(1);
  });

  it('a proof asks a restarted proxy again', async () => {
    const asked: string[] = [];
    const mesh = meshOf([proxy('a', { key: 'a/1' })], [proxy('a', { key: 'a/2' })]);
    const check = ({ key }: Proxy) => {
      asked.push(key);
      return always();
    };
    await proveEverywhere(mesh, { what: 'it', check, deadlineMs: 5000 });
    expect(asked).toEqual(['a/1', 'a/2']);
  });

  it('a proof is not had while nobody can say which proxies there are', async () => {
    const mesh = meshOf(new Error('istiod-1 does not answer'));
    await expect(proveEverywhere(mesh, { what: 'it', check: always, deadlineMs: 150 })).rejects.toThrow(
      'it is not proven within 150 ms: istiod-1 does not answer',
    );
  });

  it('a proof goes on when istiod answers again', async () => {
    const mesh = meshOf([proxy('a')], new Error('istiod restarts'), [proxy('a')]);
    expect((await proveEverywhere(mesh, { what: 'it', check: always, deadlineMs: 5000 })).proxies).toBe(1);
  });

  it('a proof waits for what must hold besides the proxies', async () => {
    let looks = 0;
    const also = () => Promise.resolve((looks += 1) > 3 ? undefined : 'istiod-2 has not seen it');
    await proveEverywhere(meshOf([proxy('a')]), { what: 'it', check: always, also, deadlineMs: 5000 });
    expect(looks).toBe(4);
    await expect(
      proveEverywhere(meshOf([proxy('a')]), {
        what: 'it',
        check: always,
        also: () => Promise.resolve('no'),
        deadlineMs: 100,
      }),
    ).rejects.toThrow('it is not proven within 100 ms: no');
  });

  it('a proof ends at once when it is told to', async () => {
    const controller = new AbortController();
    const waiting = proveEverywhere(meshOf([proxy('a')]), {
      what: 'it',
      check: never,
      deadlineMs: 60_000,
      signal: controller.signal,
    });
    await pause(20);
    controller.abort(new Error('stopped by SIGINT'));
    await expect(waiting).rejects.toThrow('stopped by SIGINT');
  });
});
