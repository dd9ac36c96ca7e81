import { afterEach, describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { startCoffeeCluster, type CoffeeCluster } from '../../support/cluster.ts';
import { believer } from '../../support/believer.ts';

/** The naive pod is gone at SIGTERM: whatever is kept here is kept by the switch alone. */
const naive = { set: { pod: 'naive' } };
const GATEWAY_API = 'gateway.networking.k8s.io/v1';

const versionService = (version: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `coffee-shop-${version}` },
  spec: {
    selector: { app: 'coffee-shop', version },
    ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
  },
});

const gateway: KubernetesObject = {
  apiVersion: GATEWAY_API,
  kind: 'Gateway',
  metadata: { name: 'coffee-shop', namespace: 'istio-system' },
  spec: {
    gatewayClassName: 'istio',
    addresses: [{ type: 'Hostname', value: 'istio-ingressgateway.istio-system.svc.cluster.local' }],
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
  },
};

/** For every host: the load calls the gateway by its address. */
const httpRoute: KubernetesObject = {
  apiVersion: GATEWAY_API,
  kind: 'HTTPRoute',
  metadata: { name: 'coffee-shop' },
  spec: {
    parentRefs: [
      { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'coffee-shop', namespace: 'istio-system' },
      { group: '', kind: 'Service', name: 'coffee-shop', port: 8080 },
    ],
    rules: [
      {
        name: 'main',
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [{ group: '', kind: 'Service', name: 'coffee-shop-v1', port: 8080, weight: 1 }],
      },
    ],
  },
};

/** Who has how much of the traffic: `v1 80, v2 20`. */
async function liveOf({ cluster }: CoffeeCluster): Promise<string> {
  const { live } = await readStatus(cluster, 'coffee-shop');
  return live.map(({ version, weight }) => `${version} ${weight}`).join(', ');
}

let shop: CoffeeCluster | undefined;

async function routedShop(): Promise<CoffeeCluster> {
  shop = await startCoffeeCluster({ empty: true, seed: 11, gatewayApi: true });
  const { cluster } = shop;
  await shop.apply('istio/cluster.yaml', ['base', 'version'], { pod: 'naive' });
  for (const object of [versionService('v1'), gateway, httpRoute]) {
    const { namespace = cluster.namespace, ...metadata } = object.metadata;
    await cluster.apply({ ...object, metadata: { ...metadata, namespace } }, { force: true });
  }
  await shop.untilServed();
  return shop;
}

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

describe('the version switch by HTTPRoute under load', () => {
  it('waits for a gateway that is 5 s late, names it, and loses nothing', async () => {
    const running = await routedShop();
    running.playground.freeze('gateway', { forMs: 5_000 });
    let result: Awaited<ReturnType<typeof running.switchTo>> | undefined;
    const account = await running.underLoad(async () => (result = await running.switchTo('v2', naive)));
    expect(result).toMatchObject({ outcome: 'switched', from: 'v1', to: 'v2', live: 'v2', ok: true });
    expect(result?.said.join('\n')).toContain('istio-ingressgateway');
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(account.byVersion['v1']).toBeGreaterThan(0);
    expect(account.byVersion['v2']).toBeGreaterThan(0);
    const route = await running.cluster.get(resources.httpRoutes, 'coffee-shop');
    const [rule] = (route?.['spec'] as { rules: object[] }).rules;
    expect(rule).toMatchObject({ name: 'main', backendRefs: [{ name: 'coffee-shop-v2', weight: 1 }] });
    const services = await running.cluster.list(resources.services);
    const names = services.map(({ metadata }) => metadata.name).filter((name) => name !== 'kubernetes');
    expect(names).toEqual(['coffee-shop', 'coffee-shop-v2']);
  }, 90_000);

  it('gives everything back when it is stopped at a share and undone, and loses nothing', async () => {
    const running = await routedShop();
    const before = await running.cluster.get(resources.httpRoutes, 'coffee-shop');
    const account = await running.underLoad(async () => {
      const held = new AbortController();
      const signal = held.signal;
      const shared = running.switchTo('v2', { ...naive, canary: [20], hold: true, signal });
      await waitFor(async () => (await liveOf(running)).includes('v2 20'), {
        deadlineMs: 30_000,
        what: '20 %',
      });
      held.abort(new Error('somebody stopped it'));
      expect(await shared).toMatchObject({ ok: false });
      expect(await running.switchTo('v2', { ...naive, undo: true })).toMatchObject({ outcome: 'undone' });
    });
    expect(account).toMatchObject({ lost: 0, ok: account.sent });
    expect(account.byVersion['v2']).toBeGreaterThan(0);
    const after = await running.cluster.get(resources.httpRoutes, 'coffee-shop');
    expect(after?.['spec']).toEqual(before?.['spec']);
  }, 90_000);

  it('loses requests with a gateway that is late until it has ended, when its proofs are off', async () => {
    const running = await routedShop();
    running.playground.freeze('gateway');
    const account = await running.underLoad(async () => {
      const result = await running.switchTo('v2', { ...naive, prover: believer });
      expect(result.outcome).toBe('switched');
      running.playground.thaw('gateway');
      await running.untilServed();
    });
    expect(account.lost).toBeGreaterThan(0);
  }, 90_000);
});
