import { describe, expect, it } from '@jest/globals';
import { createQuietWatch } from '../../../../scripts/switch/proofs/quiet.ts';
import type { EnvoyAddress } from '../../../../scripts/shared/istio/address.ts';
import type { ClusterStatuses, RoutesDump } from '../../../../scripts/shared/istio/envoy-answers.ts';
import { loadOn } from '../../../../scripts/switch/routing/host-load.ts';
import { evaluateEndpoints } from '../../../../scripts/switch/routing/virtual-service/endpoints.ts';
import { evaluateGone } from '../../../../scripts/switch/routing/virtual-service/gone.ts';
import { evaluateRoutes } from '../../../../scripts/switch/routing/virtual-service/routes.ts';

const host = 'coffee-shop.shop.svc.cluster.local';
const v1 = `outbound|8080|v1|${host}`;
const addresses = new Set(['10.0.0.1']);
const socket = (address: string): EnvoyAddress => ({ socket_address: { address, port_value: 8080 } });
const ambient = (pod: string): EnvoyAddress => ({
  envoy_internal_address: { server_listener_name: 'connect_originate', endpoint_id: `${pod}:8080` },
});
const pipe: EnvoyAddress = { pipe: { path: './var/run/coffee.sock' } };
const statuses = (name: string, ...hosts: (EnvoyAddress | undefined)[]): ClusterStatuses => ({
  cluster_statuses: [
    { name, host_statuses: hosts.map((address) => (address === undefined ? {} : { address, stats: [] })) },
  ],
});
/** What proof C says of an answer that stays as it is for a second. */
const quietOf = (answer: ClusterStatuses | null) => {
  const watch = createQuietWatch(1000);
  watch(loadOn(answer, addresses, [host]), 0);
  return watch(loadOn(answer, addresses, [host]), 1000);
};

describe('proof C of an answer that cannot be read', () => {
  it.each([
    ['a pod of the ambient mesh', statuses(v1, ambient('10.0.0.1')), 'envoy_internal_address'],
    ['an internal address that names no pod', statuses(v1, { envoy_internal_address: {} }), v1],
    ['a Unix socket in a cluster of the service', statuses(v1, pipe), 'coffee.sock'],
    ['a Unix socket behind what comes in', statuses('inbound|8080||', pipe), 'coffee.sock'],
    ['a host without an address', statuses(v1, undefined), 'no address'],
    ['a host with an empty address', statuses(v1, {}), v1],
    ['an answer without clusters', {}, 'without clusters'],
    ['no answer at all', null, 'without clusters'],
  ])('proof C holds %s for use and not for silence', (_what, answer, named) => {
    const verdict = quietOf(answer);
    expect(verdict).toMatchObject({ proven: false });
    expect(verdict).toHaveProperty('saw', expect.stringContaining(named));
  });

  it('proof C holds a counter that is no number for use', () => {
    const stats = [{ name: 'rq_total', value: 'many' }];
    const answer = {
      cluster_statuses: [{ name: v1, host_statuses: [{ address: socket('10.0.0.1'), stats }] }],
    };
    expect(quietOf(answer)).toMatchObject({
      proven: false,
      saw: `cannot read the counters of 10.0.0.1 in ${v1}`,
    });
  });

  it('proof C begins the quiet anew once the answer can be read again', () => {
    const watch = createQuietWatch(1000);
    watch(loadOn(statuses(v1, socket('10.0.0.1')), addresses, [host]), 0);
    watch(loadOn(statuses(v1, ambient('10.0.0.1')), addresses, [host]), 500);
    expect(watch(loadOn(statuses(v1, socket('10.0.0.1')), addresses, [host]), 1100)).toMatchObject({
      proven: false,
    });
    expect(watch(loadOn(statuses(v1, socket('10.0.0.1')), addresses, [host]), 1500)).toMatchObject({
      proven: true,
    });
  });

  it.each([
    [
      'another service’s pods of the ambient mesh',
      statuses('outbound|80||tea.shop.svc.cluster.local', ambient('10.0.0.9')),
    ],
    ['another service’s Unix socket', statuses('outbound|80||tea.shop.svc.cluster.local', pipe)],
    ['the proxy’s own sockets', statuses('sds-grpc', pipe)],
  ])('proof C is not kept from silence by %s', (_what, answer) => {
    expect(quietOf(answer)).toMatchObject({ proven: true });
  });
});

describe('proof A of an answer that cannot be read', () => {
  const dump = (...found: EnvoyAddress[]) => ({
    configs: [
      {
        endpoint_config: {
          cluster_name: v1,
          endpoints: [
            { lb_endpoints: found.map((address) => ({ endpoint: { address }, health_status: 'HEALTHY' })) },
          ],
        },
      },
    ],
  });
  const verdictOn = (answer: object) => evaluateEndpoints(answer, { host, subset: 'v1', ready: addresses });

  it.each([
    ['a pod of the ambient mesh', ambient('10.0.0.1'), 'envoy_internal_address'],
    ['a Unix socket', pipe, 'coffee.sock'],
    ['an empty address', {}, 'v1: {}'],
  ])('proof A does not take %s for a ready pod', (_what, address, named) => {
    const verdict = verdictOn(dump(address));
    expect(verdict).toMatchObject({ proven: false });
    expect(verdict).toHaveProperty('saw', expect.stringContaining(named));
    expect(verdictOn(dump(socket('10.0.0.1')))).toMatchObject({ proven: true });
  });

  it('proof A takes neither another kind of configuration nor none for a proxy without the service', () => {
    expect(verdictOn({ configs: [{ cluster: {} }] })).toMatchObject({ proven: false });
    expect(verdictOn({ configs: 'none' })).toMatchObject({ proven: false });
    expect(verdictOn([])).toMatchObject({ proven: false });
    expect(verdictOn({})).toMatchObject({ proven: true, consumer: false });
  });
});

describe('proof B of a route whose cluster does not stand in the configuration', () => {
  const reference = '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/coffee-shop';
  const dump = (action: object): RoutesDump => ({
    configs: [
      {
        route_config: {
          virtual_hosts: [
            {
              name: 'coffee',
              routes: [
                {
                  name: 'new',
                  metadata: { filter_metadata: { istio: { config: reference } } },
                  route: action,
                },
              ],
            },
          ],
        },
      },
    ],
  });
  const verdictOn = (answer: RoutesDump) =>
    evaluateRoutes(answer, { host, reference, names: new Set(['new']), forbidden: 'v1' });

  it.each([
    ['a header of each request', { cluster_header: 'x-cluster' }],
    ['a plugin', { cluster_specifier_plugin: 'choose' }],
    [
      'a header in a weighted list',
      { weighted_clusters: { clusters: [{ cluster_header: 'x-cluster', weight: 1 }] } },
    ],
  ])('proof B fails where %s says which cluster a route leads to', (_what, action) => {
    expect(verdictOn(dump(action))).toMatchObject({
      proven: false,
      saw: 'route "new" of coffee leads where its configuration does not say',
    });
  });

  it('proof B and the end of a subset fail on an answer that is no dump', () => {
    expect(verdictOn({ configs: [{}] })).toMatchObject({ proven: false });
    const odd = { active: { configs: [{}] }, warming: {} };
    expect(evaluateGone(odd, { host, subset: 'v1' })).toMatchObject({ proven: false });
  });
});
