import { describe, expect, it } from '@jest/globals';
import { evaluateEndpoints } from '../../../../scripts/switch/routing/virtual-service/endpoints.ts';
import type {
  ClusterStatuses,
  EndpointsDump,
  EnvoyRoute,
} from '../../../../scripts/shared/istio/envoy-answers.ts';
import { evaluateGone } from '../../../../scripts/switch/routing/virtual-service/gone.ts';
import { createQuietWatch } from '../../../../scripts/switch/proofs/quiet.ts';
import { loadOn } from '../../../../scripts/switch/routing/host-load.ts';
import { evaluateRoutes } from '../../../../scripts/switch/routing/virtual-service/routes.ts';
import { host, recorded, recordedFile, reference } from '../recorded.ts';

const added = () => recorded<EndpointsDump>('gateway.endpoints.3-subset-added');
const ready = new Set(['10.244.0.90', '10.244.0.91']);
const endpointOf = (dump: EndpointsDump) =>
  dump.configs?.find(({ endpoint_config: config }) => config?.cluster_name?.includes('|v1|'))?.endpoint_config
    ?.endpoints?.[0]?.lb_endpoints?.[0];

describe('proof A', () => {
  it.each(['UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'])(
    'proof A does not count an endpoint that is %s',
    (health) => {
      const dump = added();
      const endpoint = endpointOf(dump);
      if (endpoint) endpoint.health_status = health;
      expect(evaluateEndpoints(dump, { host, subset: 'v1', ready })).toEqual({
        proven: false,
        saw: '1/2 healthy endpoints, without 10.244.0.90',
      });
    },
  );

  it('proof A is not given while a proxy still has a pod that is not ready any more', () => {
    const verdict = evaluateEndpoints(added(), { host, subset: 'v1', ready: new Set(['10.244.0.90']) });
    expect(verdict).toEqual({
      proven: false,
      saw: '2/1 healthy endpoints, with 10.244.0.91 that is not ready',
    });
  });

  it('proof A is never given for nothing: no ready pod is no proof', () => {
    const dump: EndpointsDump = {
      configs: [{ endpoint_config: { cluster_name: `outbound|8080|v1|${host}`, endpoints: [] } }],
    };
    expect(evaluateEndpoints(dump, { host, subset: 'v1', ready: new Set() }).proven).toBe(false);
  });

  it('proof A asks for the subset on every port of the service the proxy knows', () => {
    const dump = added();
    dump.configs?.push({ endpoint_config: { cluster_name: `outbound|9090||${host}` } });
    expect(evaluateEndpoints(dump, { host, subset: 'v1', ready })).toEqual({
      proven: false,
      saw: 'subset v1 is unknown or still warming (port 9090)',
    });
  });

  it('proof A has nothing to ask of a proxy that does not know the service', () => {
    expect(evaluateEndpoints({}, { host, subset: 'v1', ready })).toEqual({ proven: true, consumer: false });
    expect(evaluateEndpoints(added(), { host: 'other.svc', subset: 'v1', ready })).toEqual({
      proven: true,
      consumer: false,
    });
  });
});

describe('proof A where the DestinationRule is not exported to the proxy', () => {
  const bare: EndpointsDump = { configs: [{ endpoint_config: { cluster_name: `outbound|8080||${host}` } }] };

  it('proof A asks for no subset of a proxy that the DestinationRule is not exported to and that has none', () => {
    expect(evaluateEndpoints(bare, { host, subset: 'v1', ready, isExported: false })).toEqual({
      proven: true,
      consumer: false,
    });
    expect(evaluateEndpoints(bare, { host, subset: 'v1', ready }).proven).toBe(false);
  });

  it('proof A asks for the subset where there are others all the same: another rule may have them', () => {
    const verdict = evaluateEndpoints(added(), { host, subset: 'v9', ready, isExported: false });
    expect(verdict).toEqual({
      proven: false,
      saw: 'subset v9 is unknown or still warming (port 8080)',
    });
  });
});

describe('proof B', () => {
  const routes = (...list: EnvoyRoute[]) => ({
    configs: [{ route_config: { name: '8080', virtual_hosts: [{ name: 'cafe:8080', routes: list }] } }],
  });
  const own = (name: string | undefined, route: EnvoyRoute['route']): EnvoyRoute => ({
    ...(name === undefined ? {} : { name }),
    metadata: { filter_metadata: { istio: { config: reference } } },
    ...(route ? { route } : {}),
  });
  const to = (subset: string) => ({ cluster: `outbound|8080|${subset}|${host}` });
  const expected = { host, reference, names: new Set(['new']), forbidden: 'v1' };

  it('proof B is not given by the right route with a wrong name: another revision may be on its way', () => {
    expect(evaluateRoutes(routes(own('old', to('v2'))), expected)).toEqual({
      proven: false,
      saw: 'route "old" of cafe:8080 is of another revision',
    });
  });

  it.each([
    [
      'a weighted share',
      {
        weighted_clusters: { clusters: [{ name: to('v2').cluster }, { name: to('v1').cluster, weight: 1 }] },
      },
    ],
    ['a mirror', { ...to('v2'), request_mirror_policies: [to('v1')] }],
  ])('proof B is not given while %s names the old version', (_what, route) => {
    expect(evaluateRoutes(routes(own('new', route)), expected)).toEqual({
      proven: false,
      saw: 'route "new" of cafe:8080 still names v1',
    });
  });

  it('proof B is not given while somebody else’s route names the old version', () => {
    expect(
      evaluateRoutes(routes(own('new', to('v2')), { name: 'theirs', route: to('v1') }), expected).proven,
    ).toBe(false);
  });

  it('proof B is not given while a proxy still leads to every version, and has none of the routes yet', () => {
    const everyVersion = { ...expected, forbidden: '' };
    expect(evaluateRoutes(routes({ name: 'default', route: to('') }), everyVersion)).toEqual({
      proven: false,
      saw: 'route "default" of cafe:8080 still leads to every version',
    });
    expect(evaluateRoutes(routes(own('new', to('v1'))), everyVersion).proven).toBe(true);
  });

  it("proof B back at every version is not given by Istio's own route, which is an earlier one", () => {
    const back = { ...expected, forbidden: 'plain', isForAll: true };
    const istios = { name: 'default', route: to('') };
    expect(evaluateRoutes(routes(istios), back)).toEqual({
      proven: false,
      saw: 'route "default" of cafe:8080 is none of ours yet',
    });
    expect(evaluateRoutes(routes(istios), { ...back, isForAll: false }).proven).toBe(true);
    expect(evaluateRoutes(routes(own('new', to(''))), back).proven).toBe(true);
  });

  it('proof B does not mind the same subset name of another service', () => {
    const other = { name: 'theirs', route: { cluster: 'outbound|8080|v1|shop.ze-mesh.svc.cluster.local' } };
    expect(evaluateRoutes(routes(own('new', to('v2')), other), expected)).toEqual({
      proven: true,
      consumer: true,
    });
  });

  it('proof B takes the name of a match behind the route’s name, and unnamed routes where there are some', () => {
    expect(evaluateRoutes(routes(own('new.beta', to('v2'))), expected).proven).toBe(true);
    expect(evaluateRoutes(routes(own(undefined, to('v2'))), expected).proven).toBe(false);
    expect(
      evaluateRoutes(routes(own(undefined, to('v2'))), { ...expected, names: new Set(['new', '']) }).proven,
    ).toBe(true);
    expect(evaluateRoutes(routes(own('newer', to('v2'))), expected).proven).toBe(false);
  });

  it('proof B takes a match’s name alone where the route has none', () => {
    const unnamed = { ...expected, names: new Set(['new', '']) };
    expect(evaluateRoutes(routes(own('.beans', to('v2'))), unnamed).proven).toBe(true);
    expect(evaluateRoutes(routes(own('beans', to('v2'))), unnamed).proven).toBe(false);
  });

  it('proof B does not take an old unnamed route for the author’s unnamed one while both versions serve', () => {
    const shared = { subset: 'v1', marker: 'switch-v1-to-v2-0123abcd-p5' };
    const share = { host, reference, names: new Set([shared.marker, '']), shared };
    expect(evaluateRoutes(routes(own(undefined, to('v1'))), share)).toEqual({
      proven: false,
      saw: 'route "" of cafe:8080 is of another revision',
    });
    expect(evaluateRoutes(routes(own(shared.marker, to('v1')), own(undefined, to('v2'))), share).proven).toBe(
      true,
    );
  });

  it('proof B knows its own routes whatever version of the API istiod keeps them in', () => {
    const early = own('old', to('v2'));
    early.metadata = { filter_metadata: { istio: { config: reference.replace('/v1/', '/v1alpha3/') } } };
    expect(evaluateRoutes(routes(early), expected).proven).toBe(false);
  });

  it('proof B knows a delegate’s routes by their root, and judges only those of its routes that lead to our host', () => {
    const root = '/apis/networking.istio.io/v1/namespaces/edge/virtual-service/root';
    const viaRoot = (name: string, route: EnvoyRoute['route']): EnvoyRoute => ({
      name,
      metadata: { filter_metadata: { istio: { config: root } } },
      ...(route ? { route } : {}),
    });
    const delegated = { ...expected, roots: new Map([[root, new Set(['api-new'])]]) };
    const tea = viaRoot('tea', { cluster: 'outbound|8080|v1|tea.ze-mesh.svc.cluster.local' });
    expect(evaluateRoutes(routes(viaRoot('api-new', to('v2')), tea), delegated)).toEqual({
      proven: true,
      consumer: true,
    });
    expect(evaluateRoutes(routes(viaRoot('api-old', to('v2')), tea), delegated)).toEqual({
      proven: false,
      saw: 'route "api-old" of cafe:8080 is of another revision',
    });
    expect(evaluateRoutes(routes(tea), delegated)).toEqual({ proven: true, consumer: false });
  });

  it('proof B has nothing to ask of a proxy without a route of ours', () => {
    expect(evaluateRoutes({}, expected)).toEqual({ proven: true, consumer: false });
  });
});

describe('proof C', () => {
  const old = new Set(['10.0.0.1', '10.0.0.2']);
  const statuses = (
    entries: [cluster: string, ip: string, active: number, total: number][],
  ): ClusterStatuses => ({
    cluster_statuses: entries.map(([name, address, active, total]) => ({
      name,
      host_statuses: [
        {
          address: { socket_address: { address, port_value: 8080 } },
          stats: [
            { name: 'rq_total', value: String(total) },
            active > 0 ? { name: 'rq_active', value: String(active) } : { name: 'rq_active' },
          ],
        },
      ],
    })),
  });
  const look = (...entries: Parameters<typeof statuses>[0]) => loadOn(statuses(entries), old);

  it('proof C reads the counters of a real gateway', () => {
    const { body } = recordedFile<{ body: NonNullable<ClusterStatuses['cluster_statuses']>[number] }>(
      'gateway.clusters-one-cluster',
    );
    const load = loadOn({ cluster_statuses: [body] }, new Set(['10.244.0.176']));
    expect(load.active).toBe(0);
    expect([...load.totals]).toEqual([
      ['outbound|8080|v2|cafe.ze-mesh.svc.cluster.local 10.244.0.176:8080', 3418],
    ]);
  });

  it('proof C is given after the quiet time, not at the first look', () => {
    const watch = createQuietWatch(1000);
    expect(watch(look(['a', '10.0.0.1', 0, 100]), 0).proven).toBe(false);
    expect(watch(look(['a', '10.0.0.1', 0, 100]), 999).proven).toBe(false);
    expect(watch(look(['a', '10.0.0.1', 0, 100]), 1000).proven).toBe(true);
  });

  it('proof C begins anew with each request, active or already over', () => {
    const watch = createQuietWatch(1000);
    watch(look(['a', '10.0.0.1', 0, 100]), 0);
    expect(watch(look(['a', '10.0.0.1', 1, 101]), 900)).toEqual({
      proven: false,
      saw: '1 active request on the old pods',
    });
    expect(watch(look(['a', '10.0.0.1', 0, 103]), 1500)).toEqual({
      proven: false,
      saw: '2 new requests on the old pods',
    });
    expect(watch(look(['a', '10.0.0.1', 0, 103]), 2499).proven).toBe(false);
    expect(watch(look(['a', '10.0.0.1', 0, 103]), 2500).proven).toBe(true);
  });

  it('proof C sees requests in whichever cluster the pod appears, and none on other pods', () => {
    const watch = createQuietWatch(1000);
    watch(look(['outbound|8080||cafe', '10.0.0.2', 0, 5], ['a', '10.0.0.9', 7, 1]), 0);
    expect(watch(look(['outbound|8080||cafe', '10.0.0.2', 0, 6], ['a', '10.0.0.9', 9, 9]), 2000)).toEqual({
      proven: false,
      saw: '1 new request on the old pods',
    });
  });

  it('proof C tells what callers have sent meanwhile, and not once more what came in at the pod', () => {
    const sent: number[] = [];
    const watch = createQuietWatch(1000, (requests) => sent.push(requests));
    const out = (total: number): Parameters<typeof look>[0] => [
      'outbound|8080|v1|cafe',
      '10.0.0.1',
      0,
      total,
    ];
    const inside = (total: number): Parameters<typeof look>[0] => ['inbound|8080||', '10.0.0.1', 0, total];
    watch(look(out(100), inside(300)), 0);
    watch(look(out(104), inside(304)), 100);
    watch(look(out(104), inside(305)), 200);
    // It began anew.
    watch(look(out(3), inside(305)), 300);
    expect(sent).toEqual([0, 4, 0, 3]);
  });

  it('proof C counts every request of a host that appears later, and none when a host is taken away', () => {
    const watch = createQuietWatch(1000);
    watch(look(['a', '10.0.0.1', 0, 5]), 0);
    expect(watch(look(['a', '10.0.0.1', 0, 5], ['b', '10.0.0.2', 0, 2]), 2000).proven).toBe(false);
    expect(watch(look(['b', '10.0.0.2', 0, 2]), 3000).proven).toBe(true);
  });
});

describe('the old subset', () => {
  it('the old subset is not gone while it is only warming', () => {
    const warming = { configs: [{ cluster: { name: `outbound|8080|v1|${host}` } }] };
    expect(evaluateGone({ active: {}, warming }, { host, subset: 'v1' }).proven).toBe(false);
    expect(evaluateGone({ active: {}, warming: {} }, { host, subset: 'v1' }).proven).toBe(true);
  });
});

describe('a barrier, which only the last revision of the subsets has', () => {
  const late = {
    proven: false,
    saw: 'an earlier change of the subsets may still be on its way: barrier-7 is unknown or still warming (port 8080)',
  };

  it('must be there for proof A: without it the subset may be the one of an earlier revision', () => {
    const expected = { host, subset: 'v1', ready, barrier: 'barrier-7' };
    expect(evaluateEndpoints(added(), expected)).toEqual(late);
    const dump = added();
    dump.configs?.push({ endpoint_config: { cluster_name: `outbound|8080|barrier-7|${host}` } });
    expect(evaluateEndpoints(dump, expected)).toEqual({ proven: true, consumer: true });
  });
});
