/**
 * What must hold before the old version's subset or pods are taken
 * away, and whose fault it is when it does not.
 */
import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import { ForeignEditError } from '../../../../scripts/switch/changes/change-object.ts';
import { NotProvenError } from '../../../../scripts/switch/proofs/prove-everywhere.ts';
import { NotServingError, proveNotNeeded } from '../../../../scripts/switch/proofs/still-serving.ts';
import { leavingOf } from '../../../../scripts/switch/proofs/claims.ts';
import { createVirtualServiceRouting } from '../../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';

const labels = (version: string) => ({ app: 'coffee-shop', version });
const route = (subset: string, more: object = {}) => ({
  route: [{ destination: { host: 'coffee-shop', subset } }],
  ...more,
});

/** A context after the shift from v1 to v2, each of three pods; what was asked of it, in order. */
function standing({
  ready = 3,
  wanted = 3,
  routes = [route('v2')],
  endpoints = () => Promise.resolve(),
  fence = () => Promise.resolve(),
}: {
  ready?: number;
  wanted?: number;
  routes?: object[];
  endpoints?: () => Promise<void>;
  fence?: () => Promise<void>;
} = {}) {
  const asked: string[] = [];
  const virtualService = { metadata: { name: 'coffee-shop' }, spec: { http: routes } };
  const destinationRule = { metadata: { name: 'coffee-shop' }, spec: { host: 'coffee-shop', subsets: [] } };
  const live: Record<string, KubernetesObject> = {
    virtualservices: { ...virtualService, spec: { http: [route('v2')] } },
    destinationrules: destinationRule,
  };
  const deployment = (version: string, replicas: number) => ({
    metadata: { name: `coffee-shop-${version}` },
    spec: { replicas, template: { metadata: { labels: labels(version) } } },
  });
  const pods = Array.from({ length: 3 }, (_, index) => ({
    metadata: { name: `v2-${index}`, labels: labels('v2') },
    status: {
      podIP: `10.0.0.${index}`,
      conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }],
    },
  }));
  const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
  const context = {
    cluster: {
      get: ({ plural }: Resource) => {
        asked.push(`get ${plural}`);
        return Promise.resolve(live[plural]);
      },
      list: ({ plural }: Resource) =>
        Promise.resolve(plural === 'pods' ? pods : [deployment('v1', 3), deployment('v2', wanted)]),
    },
    prover: {
      endpoints: async () => {
        asked.push('A');
        await endpoints();
        return { proxies: 5 };
      },
    },
    renewLease: () => {
      asked.push('fence');
      return fence();
    },
    reporter: { progress: () => undefined },
    service: { metadata: { name: 'coffee-shop' }, spec: { selector: { app: 'coffee-shop' } } },
    lastSeen: createVirtualServiceRouting(
      { virtualService: virtualService as VirtualService, roots: [], destinationRule },
      target,
    ),
    target,
    from: 'v1',
    to: 'v2',
    stepTimeoutMs: 1000,
    quietMs: 1000,
    signal: new AbortController().signal,
  } as unknown as SwitchContext;
  return { context, asked };
}
const late = () => Promise.reject(new NotProvenError('1 of 5 proxies did not show it', ['late.shop']));

describe('what is taken away', () => {
  it('the old version goes when nothing was edited, every proxy has the new pods, and the Lease is still ours, asked last', async () => {
    const { context, asked } = standing();
    await proveNotNeeded(context);
    expect(asked).toEqual(['get virtualservices', 'get destinationrules', 'A', 'fence']);
  });

  it('the old version stays when somebody else has edited the routes, and nobody asks further', async () => {
    const { context, asked } = standing({ routes: [route('v2', { timeout: '3s' })] });
    await expect(proveNotNeeded(context)).rejects.toBeInstanceOf(ForeignEditError);
    expect(asked).not.toContain('A');
  });

  it('the old version stays when no pod of the new version is ready, which is its fault and said at once', async () => {
    const { context, asked } = standing({ ready: 0 });
    await expect(proveNotNeeded(context)).rejects.toThrow(
      new NotServingError('no pod of v2 is ready any more'),
    );
    expect(asked).not.toContain('A');
  });

  it('the old version stays when too few new pods are ready, which is their version’s fault too', async () => {
    const { context } = standing({ ready: 2, endpoints: late });
    const refused = proveNotNeeded(context);
    await expect(refused).rejects.toThrow('only 2/3 pods of v2 are ready');
    await expect(refused).rejects.toBeInstanceOf(NotServingError);
  });

  it('the old version stays when a proxy does not show the new pods, which is the proxy’s fault', async () => {
    const { context } = standing({ endpoints: late });
    await expect(proveNotNeeded(context)).rejects.toBeInstanceOf(NotProvenError);
  });

  it('a version that has grown meanwhile is asked for only as many pods as the old one has', async () => {
    const { context } = standing({ wanted: 9, ready: 3, endpoints: late });
    await expect(proveNotNeeded(context)).rejects.toBeInstanceOf(NotProvenError);
  });

  it('the old version stays when another operator has the Lease by now', async () => {
    const taken = new Error('ci@elsewhere holds the Lease');
    const { context } = standing({ fence: () => Promise.reject(taken) });
    await expect(proveNotNeeded(context)).rejects.toBe(taken);
  });
});

describe('the quiet of proof C', () => {
  it('the quiet of proof C lasts as long as any route holds requests back on their way', () => {
    const delayed = route('v2', { fault: { delay: { fixedDelay: '2.5s', percentage: { value: 10 } } } });
    expect(leavingOf(standing({ routes: [route('v2'), delayed] }).context, 'v1').quietMs).toBe(2500);
    expect(leavingOf(standing().context, 'v1').quietMs).toBe(1000);
  });
});
