import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../../../scripts/shared/resources.ts';
import { createVirtualServiceRouting } from '../../../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const plain = { name: 'plain', labels: { 'pod-template-hash': '5ff868d745' } };
const every = { name: 'first', route: [{ destination: { host: 'coffee-shop' } }] };
const marker = 'switch-all-to-plain-0123abcd';

/** What stands where there is neither of them, and sidecars do what they do without. */
const routing = (gateways?: string[], hosts = ['coffee-shop']) =>
  createVirtualServiceRouting(
    {
      virtualService: {
        metadata: { name: 'coffee-shop' },
        spec: { hosts, ...(gateways ? { gateways } : {}), http: [every] },
      },
      roots: [],
      destinationRule: {
        metadata: { name: 'coffee-shop', uid: 'lease-1', generation: 3 },
        spec: { host: 'coffee-shop', subsets: [] },
      },
      missing: { virtualService: true, destinationRule: true },
      plain,
    },
    target,
  );

describe('objects that are not there yet', () => {
  it('are made by the first change, and are there from then on', () => {
    const before = routing();
    expect(before.objects).toEqual([]);
    const [rule] = before.add('plain', 'plain', 'switch-v1-to-v2-1a2b3c4d');
    expect(rule).toMatchObject({ verb: 'apply', before: undefined, after: { kind: 'DestinationRule' } });
    // Its name is free of what the server counts: it was made of the Lease.
    expect(rule?.after?.metadata).toEqual({ name: 'coffee-shop' });
    expect(rule?.after?.['spec']).toMatchObject({ subsets: [plain, { name: 'barrier-lease-1-3' }] });
    const [routes] = before.move({ from: '', to: 'plain', share: 100, marker });
    expect(routes).toMatchObject({ verb: 'apply', before: undefined, after: { kind: 'VirtualService' } });
    const after = before.with([
      { resource: resources.destinationRules, object: rule?.after ?? { metadata: { name: '' } } },
    ]);
    expect(after.objects.map(({ resource }) => resource.kind)).toEqual(['DestinationRule']);
    expect(after.add('v1', 'plain', 'switch-v1-to-v2-1a2b3c4d')).toMatchObject([{ verb: 'patch' }]);
  });

  it('are not made by a change that changes nothing', () => {
    const before = routing();
    expect(before.remove('plain')).toEqual([]);
    expect(before.removeBarrier()).toEqual([]);
    expect(before.move({ from: 'v1', to: 'plain', share: 100, marker })).toEqual([]);
    expect(before.restoreNames([marker], undefined)).toEqual([]);
  });
});

describe('pods without a version', () => {
  it('are the plain version, told by what only they bear; the others are told as ever', () => {
    const told = routing();
    expect(told.versionOf({ app: 'coffee-shop' })).toBe('plain');
    expect(told.versionOf({ app: 'coffee-shop', version: 'v1' })).toBe('v1');
    expect(told.labelsOf('plain')).toEqual(plain.labels);
    expect(told.labelsOf('v1')).toEqual({ version: 'v1' });
    expect(told.labelsLike('v1', 'plain')).toEqual({ version: 'v1' });
  });
});

describe('proof B of routes that lead away from every version', () => {
  const late = {
    configs: [
      {
        route_config: {
          virtual_hosts: [{ routes: [{ route: { cluster: `outbound|80||${target.host}` } }] }],
        },
      },
    ],
  };
  const read = (one: ReturnType<typeof routing>) => {
    const move = { from: '', to: 'plain', share: 100, marker };
    const [{ after } = { after: undefined }] = one.move(move);
    const led = one.with(after ? [{ resource: resources.virtualServices, object: after }] : []);
    return led.routed(move).read([late], { namespace: 'shop' }, undefined).proven;
  };

  it('is not given by a sidecar that has not heard of them: without them it does what it did before', () => {
    expect(read(routing())).toBe(false);
    expect(read(routing(['mesh', 'front'], ['coffee.example', target.host]))).toBe(false);
  });

  it('is not asked of a sidecar where they are for gateways, or for other hosts', () => {
    expect(read(routing(['front']))).toBe(true);
    expect(read(routing(['mesh'], ['coffee.example']))).toBe(true);
  });
});
