import { afterEach, describe, expect, it } from '@jest/globals';
import { type LoadResult, startKeepAliveLoad } from '../../../scripts/shared/callers/strict-callers.ts';
import { startLateNetwork } from '../../../scripts/shared/callers/late-network.ts';
import { type CoffeeShop, killLeftovers, startCoffeeShop } from '../../support/service-process.ts';

afterEach(killLeftovers);

// Long enough that not even a machine that stands still for half a second looks quiet.
const patient = { DRAIN_MIN_MS: '1000', DRAIN_QUIET_MS: '800' };

interface Release {
  load: LoadResult;
  old: CoffeeShop;
  exit: number | NodeJS.Signals;
}

interface ReleaseOptions {
  keepAlive?: boolean;
  /** How much later than the pod the network learns: until then new connections keep arriving. */
  lateMs?: number;
  /** What the kubelet does to the old pod. */
  end?: (old: CoffeeShop) => Promise<void>;
}

const sigterm = (old: CoffeeShop): Promise<void> => {
  old.signal('SIGTERM');
  return Promise.resolve();
};

/**
 * Ends v1 under load; new connections go to v2, but late. 20 ms of round trip make the moment in which a
 * request can cross a closing connection long enough to be hit.
 */
async function replacePod(
  env: Record<string, string>,
  { keepAlive = true, lateMs = 300, end = sigterm }: ReleaseOptions = {},
): Promise<Release> {
  const [old, next] = await Promise.all([
    startCoffeeShop(env),
    startCoffeeShop({ VERSION: 'v2', POD_NAME: 'coffee-2' }),
  ]);
  const network = await startLateNetwork(old.port, 10);
  const load = startKeepAliveLoad({ port: network.port, connections: 50, pauseMs: 70, keepAlive });
  await new Promise((resolve) => setTimeout(resolve, 500));
  setTimeout(() => {
    network.pointTo(next.port);
  }, lateMs);
  await end(old);
  const exit = await old.exited;
  const result = await load.stop();
  await network.close();
  next.signal('SIGKILL');
  return { load: result, old, exit };
}

async function served(shop: CoffeeShop): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${shop.adminPort}/metrics`)).text();
  const counts = metrics.matchAll(/^http_request_duration_seconds_count\{.*route="\/orders".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, n]) => sum + Number(n), 0);
}

describe('a coffee-shop that gets SIGTERM under load', () => {
  it('loses no request on kept connections', async () => {
    const { load, exit, old } = await replacePod(patient);
    expect({ lost: load.lost, byKind: load.byKind, exit }).toEqual({ lost: 0, byKind: {}, exit: 0 });
    expect(load.byVersion.v1).toBeGreaterThan(20);
    expect(load.byVersion.v2).toBeGreaterThan(0);
    expect((await old.event('drained')).outcome).toBe('quiet');
    expect(Number((await old.event('drained')).servedWhileDraining)).toBeGreaterThan(10);
  });

  it('loses no request when every request opens a connection', async () => {
    const { load, exit } = await replacePod(patient, { keepAlive: false });
    expect({ lost: load.lost, byKind: load.byKind, exit }).toEqual({ lost: 0, byKind: {}, exit: 0 });
    expect(load.byVersion.v2).toBeGreaterThan(0);
  });

  it('loses no request when preStop drains it first', async () => {
    const { load, exit, old } = await replacePod(patient, {
      end: async (pod) => {
        const hook = await fetch(`http://127.0.0.1:${pod.adminPort}/lifecycle/drain`);
        expect(await hook.json()).toMatchObject({ outcome: 'quiet' });
        pod.signal('SIGTERM');
      },
    });
    expect({ lost: load.lost, byKind: load.byKind, exit }).toEqual({ lost: 0, byKind: {}, exit: 0 });
    expect(old.events.filter(({ msg }) => msg === 'draining')).toHaveLength(1);
  });

  // Behind a classic Istio sidecar a blocking hook breaks off after 5 s, and SIGTERM follows at once.
  it('loses no request when preStop breaks off in the middle', async () => {
    const { load, exit, old } = await replacePod(patient, {
      end: async (pod) => {
        const signal = AbortSignal.timeout(300);
        await expect(
          fetch(`http://127.0.0.1:${pod.adminPort}/lifecycle/drain`, { signal }),
        ).rejects.toThrow();
        pod.signal('SIGTERM');
      },
    });
    expect({ lost: load.lost, byKind: load.byKind, exit }).toEqual({ lost: 0, byKind: {}, exit: 0 });
    expect(old.events.filter(({ msg }) => msg === 'draining')).toHaveLength(1);
  });

  it('loses requests without the announcement', async () => {
    // Callers never learn that they should leave, so the pod is never quiet, and closes at its deadline.
    const { load, old } = await replacePod({ DRAIN_ANNOUNCE: 'off', DRAIN_DEADLINE_MS: '1000' });
    expect(load.lost).toBeGreaterThan(0);
    expect((await old.event('drained')).outcome).toBe('deadline');
  });

  it('loses requests without the quiet phase', async () => {
    const { load } = await replacePod({ DRAIN_WAIT: 'off' });
    expect(load.lost).toBeGreaterThan(0);
  });

  it('loses requests when it is naive', async () => {
    const { load, exit, old } = await replacePod({ SHUTDOWN: 'naive' });
    expect(load.lost).toBeGreaterThan(0);
    expect(exit).toBe(0);
    expect(old.events.map(({ msg }) => msg)).toEqual(['listening', 'ready', 'leaving']);
  });

  it('counts as many requests as its callers do', async () => {
    const shop = await startCoffeeShop();
    const load = startKeepAliveLoad({ port: shop.port, connections: 20, pauseMs: 20 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { sent, lost } = await load.stop();
    expect({ counted: await served(shop), lost }).toEqual({ counted: sent, lost: 0 });
    expect(sent).toBeGreaterThan(20);
  });
});
