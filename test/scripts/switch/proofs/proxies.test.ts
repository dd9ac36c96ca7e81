import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';
import { mergeProxies, nameOf } from '../../../../scripts/switch/proofs/proxies.ts';
import type { SyncStatus } from '../../../../scripts/switch/proofs/proxies.ts';
import { recorded, recordedFile } from '../recorded.ts';

function podWith(name: string, more: Partial<Pod['status']> = {}, metadata: object = {}): Pod {
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, ...metadata },
    spec: { containers: [] },
    status: { phase: 'Running', ...more },
  };
}
const running = { name: 'istio-proxy', state: { running: {} }, containerID: 'c1', restartCount: 0 };

describe('mergeProxies', () => {
  it('the list of proxies is read from what a real istiod names', () => {
    const statuses = recorded<SyncStatus[]>('istiod.syncz');
    const proxies = mergeProxies(statuses, []);
    expect(proxies).toHaveLength(statuses.length);
    expect(proxies.map(({ type }) => type)).toContain('router');
    expect(proxies.map(nameOf)).toContain('istio-ingressgateway-55b5df5d7c-2rql9.istio-system');
  });

  it('the list of proxies passes on what a proxy answered to configuration it refused', () => {
    const { syncz } = recordedFile<{ syncz: SyncStatus }>('nack');
    expect(mergeProxies([syncz], [])[0]?.rejected).toBe(
      'RouteConfiguration: Only a single wildcard domain is permitted in route http.8080',
    );
  });

  it('the list of proxies joins what several istiods say with the pods, and misses neither side', () => {
    const proxies = mergeProxies(
      [
        { proxy: 'a.shop', proxy_type: 'sidecar' },
        { proxy: 'vm.elsewhere', proxy_type: 'sidecar' },
        { proxy: 'z.shop', proxy_type: 'ztunnel' },
      ],
      [
        podWith('a', { containerStatuses: [running] }),
        podWith('unconnected', { initContainerStatuses: [running] }),
        podWith('no-sidecar', { containerStatuses: [{ name: 'app', state: { running: {} } }] }),
        podWith('not-started', { containerStatuses: [{ name: 'istio-proxy', state: { waiting: {} } }] }),
        podWith('done', { phase: 'Succeeded', containerStatuses: [running] }),
        podWith('z', { containerStatuses: [{ name: 'istio-proxy-like', state: { running: {} } }] }),
      ],
    );
    expect(proxies.map((proxy) => `${nameOf(proxy)} ${proxy.type} ${proxy.uid ?? 'no pod'}`)).toEqual([
      'a.shop sidecar uid-a',
      'unconnected.shop unknown uid-unconnected',
      'vm.elsewhere sidecar no pod',
    ]);
  });

  it('the list of proxies takes a restarted proxy for another one', () => {
    const keys = [0, 1].map(
      (restartCount) =>
        mergeProxies([], [podWith('a', { containerStatuses: [{ ...running, restartCount }] })])[0]?.key,
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});
