import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../../../scripts/shared/errors.ts';
import type { DestinationRule, Service, VirtualService } from '../../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../../scripts/shared/resources.ts';
import {
  explainMissing,
  namedVirtualService,
  type Found,
} from '../../../../../scripts/switch/routing/virtual-service/named-objects.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const service: Service = { metadata: { name: 'coffee-shop' }, spec: {} };
const routes = (name: string, namespace = 'shop', host = target.host): VirtualService => ({
  metadata: { name, namespace },
  spec: { hosts: ['shop.example'], http: [{ route: [{ destination: { host, subset: 'v1' } }] }] },
});
const rule = (name: string, namespace = 'shop', host = target.host): DestinationRule => ({
  metadata: { name, namespace },
  spec: { host },
});
const own = { virtualService: routes('coffee-shop'), destinationRule: rule('coffee-shop') };

async function told(found: Partial<Found>, ...all: (VirtualService | DestinationRule)[]) {
  const cluster = {
    namespace: 'shop',
    list: ({ plural }: Resource) =>
      Promise.resolve(all.filter(({ spec }) => 'host' in spec === (plural === 'destinationrules'))),
  } as unknown as Cluster;
  const missing = { service, virtualService: undefined, destinationRule: undefined, ...found };
  return explainMissing(cluster, 'coffee-shop', missing, target).catch((error: unknown) => messageOf(error));
}

describe('a VirtualService that is named otherwise', () => {
  it('a VirtualService that is named otherwise is named, with the step that has the switch use it', async () => {
    const short = routes('team-routes', 'shop', 'coffee-shop');
    const words =
      'shop has no VirtualService named coffee-shop, but VirtualService team-routes routes coffee-shop.shop.svc.cluster.local.' +
      ' To switch with it: kubectl annotate --overwrite -n shop service coffee-shop zero-downtime/virtual-service=team-routes';
    const tea = routes('tea', 'shop', 'tea');
    expect(await told({ ...own, virtualService: undefined }, tea, short)).toBe(words);
    expect(await told({ ...own, virtualService: undefined }, routes('team-routes'))).toBe(words);
  });

  it('a VirtualService that is named otherwise is named together with a DestinationRule that is', async () => {
    expect(await told({}, routes('team-routes'), rule('team-rule', 'shop', 'coffee-shop'))).toBe(
      'shop has no VirtualService, no DestinationRule named coffee-shop, but VirtualService team-routes routes coffee-shop.shop.svc.cluster.local;' +
        ' DestinationRule team-rule is for coffee-shop.shop.svc.cluster.local. To switch with it: kubectl annotate --overwrite -n shop service coffee-shop' +
        ' zero-downtime/virtual-service=team-routes zero-downtime/destination-rule=team-rule',
    );
  });

  it('a VirtualService that is named otherwise is told where the switch cannot use it: in another namespace, or one of two', async () => {
    expect(await told({ ...own, virtualService: undefined }, routes('edge', 'gateways'))).toBe(
      'shop has no VirtualService named coffee-shop, but VirtualService edge of namespace gateways routes coffee-shop.shop.svc.cluster.local, and a switch changes only its own namespace: move it to shop.',
    );
    expect(await told({ ...own, virtualService: undefined }, routes('a'), routes('b', 'gateways'))).toContain(
      'but each of VirtualService a and b of namespace gateways routes coffee-shop.shop.svc.cluster.local: keep one of them. To switch with it: ',
    );
  });

  it('no VirtualService is named where nothing routes the host', async () => {
    expect(await told({ service: undefined }, routes('tea', 'shop', 'tea'))).toBe(
      'shop has no Service, no VirtualService, no DestinationRule named coffee-shop; there is nothing to switch. Apply the sets of istio/cluster.yaml first, or choose with --app and --namespace.',
    );
  });

  it('the VirtualService is the one that the Service’s annotation names', async () => {
    const asked: string[] = [];
    const cluster = {
      get: (_resource: Resource, name: string) => {
        asked.push(name);
        return Promise.resolve(undefined);
      },
    } as unknown as Cluster;
    const annotations = { 'zero-downtime/virtual-service': 'team-routes' };
    const annotated = { ...service, metadata: { ...service.metadata, annotations } };
    await namedVirtualService(cluster, 'coffee-shop', service);
    await namedVirtualService(cluster, 'coffee-shop', annotated);
    expect(asked).toEqual(['coffee-shop', 'team-routes']);
    expect(
      await told({ ...own, service: annotated, virtualService: undefined }, routes('team-route')),
    ).toContain('shop has no VirtualService named team-routes, but VirtualService team-route routes');
  });
});
