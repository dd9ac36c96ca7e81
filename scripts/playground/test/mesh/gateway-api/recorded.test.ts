import { describe, expect, it } from '@jest/globals';
import { gatewayStatus, routeParents } from '../../../mesh/gateway-api/statuses.ts';
import { translateGatewayApi } from '../../../mesh/gateway-api/translate.ts';
import { configz } from '../../../mesh/istiod/debug-pages.ts';
import type { MeshState, VirtualServiceObject } from '../../../mesh/istiod/istio-objects.ts';
import { computeSnapshot, type ProxyNode } from '../../../mesh/istiod/snapshot.ts';
import { CLUSTER_TYPE, ROUTE_TYPE, type RouteConfigJson } from '../../../mesh/xds-types.ts';
import { createStore } from '../../../storage/store.ts';
import type { KubeObject } from '../../../storage/types.ts';
import {
  answers,
  changed,
  NAMESPACE,
  OWN_GATEWAY,
  recordedCluster,
  sidecarIn,
  stages,
  type ShortRoute,
  type Stage,
} from '../support/recorded-http-routes.ts';

const stage = (name: string): Stage => {
  const found = stages.find((one) => one.stage === name);
  if (found === undefined) throw new Error(`no stage ${name} is recorded`);
  return found;
};
const LAST = stage('6-deployment-v1-deleted');

/** The Services of a stage, as its clusters tell them. */
const servicesOf = ({ clusters }: Stage): string[] =>
  clusters.map((name) => (name.split('|').at(-1) ?? '').split('.')[0] ?? '');

const clusterOf = (one: Stage): MeshState => recordedCluster(one.objects, servicesOf(one));

function routes(node: ProxyNode, state: MeshState, name: string): RouteConfigJson | undefined {
  return computeSnapshot(node, state)[ROUTE_TYPE].get(name) as RouteConfigJson | undefined;
}

/**
 * The recorded virtual hosts of a route configuration: the recordings leave out other namespaces' and
 * the catch-all.
 */
function recordedPart(config: RouteConfigJson | undefined): RouteConfigJson[] {
  if (config === undefined) return [];
  const hosts = config.virtual_hosts.filter(({ name }) => /shop|gapi|empty|stat/.test(name));
  return hosts.length === 0 ? [] : [{ ...config, virtual_hosts: hosts }];
}

function summed(config: RouteConfigJson | undefined): ShortRoute[] {
  return recordedPart(config).flatMap(({ virtual_hosts: hosts }) =>
    hosts.flatMap(({ name: vhost, routes: all = [] }) =>
      all.map(({ name = '', match, route, direct_response: direct, metadata }) => ({
        ...{ vhost, name, match },
        target:
          direct ?? route?.cluster ?? route?.weighted_clusters?.clusters.map((one) => [one.name, one.weight]),
        config: metadata?.filter_metadata.istio.config ?? null,
      })),
    ),
  );
}

const atGateway = (state: MeshState) => summed(routes(OWN_GATEWAY, state, 'http.8080'));
const atSidecar = (state: MeshState, namespace = NAMESPACE) =>
  summed(routes(sidecarIn(namespace), state, '8080'));

/** The recording names `empty` and `stat` only from when their Services were there. */
const of = (recorded: ShortRoute[], services: string[]) =>
  recorded.filter(
    ({ vhost }) => services.some((name) => vhost.startsWith(`${name}.`)) || /^gapi/.test(vhost),
  );

/** A status without the moments, which were others. */
function timeless(value: unknown): unknown {
  const text = JSON.stringify(value).replace(/"lastTransitionTime":"[^"]*",?/g, '');
  const parsed: unknown = JSON.parse(text.replaceAll(',}', '}'));
  return parsed;
}

function statuses(state: MeshState): Record<string, unknown> {
  const translation = translateGatewayApi(state);
  const { gateways, routes: all } = translation.followed;
  const found = new Map<string, unknown>();
  for (const one of all) found.set(one.route.metadata.name, { parents: routeParents(one, 'now') });
  for (const one of gateways)
    found.set(`gateway ${one.gateway.metadata.name}`, gatewayStatus(one, translation, 'now'));
  return Object.fromEntries(found);
}

describe.each(stages.map((one) => [one.stage, one] as const))('HTTPRoutes at stage %s', (_name, recorded) => {
  const state = clusterOf(recorded);

  it('give the gateway the recorded routes', () => {
    expect(recordedPart(routes(OWN_GATEWAY, state, 'http.8080'))).toEqual(recorded.gateway);
  });

  it('give a sidecar the recorded routes, and each version’s Service its unmarked one', () => {
    expect(recordedPart(routes(sidecarIn(NAMESPACE), state, '8080'))).toEqual(recorded.sidecar);
  });

  it('find the recorded clusters at both', () => {
    for (const node of [OWN_GATEWAY, sidecarIn(NAMESPACE)]) {
      const clusters = [...computeSnapshot(node, state)[CLUSTER_TYPE].keys()];
      expect(clusters.filter((name) => name.includes('shop'))).toEqual([...recorded.clusters].sort());
    }
  });

  it('have the recorded statuses, and so has their Gateway', () => {
    const wanted = recorded.objects.map(({ kind, metadata, status }) => [
      kind === 'Gateway' ? `gateway ${metadata.name}` : metadata.name,
      timeless(status),
    ]);
    expect(timeless(statuses(state))).toEqual(Object.fromEntries(wanted));
  });

  it('become the recorded Gateway and VirtualServices in configz', () => {
    const shown = configz(createStore(), state).filter(({ metadata }) => !('resourceVersion' in metadata));
    const byName = (list: { metadata: { name: string } }[]) =>
      [...list].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    expect(byName(shown)).toEqual(byName(recorded.generated));
  });
});

describe('HTTPRoutes beside each other and beside others', () => {
  const [shop, mesh, gateway] = LAST.objects as [KubeObject, KubeObject, KubeObject];
  const marker = 'ze-gapi--switch-v1-to-v2-1a2b3c4d-r4';
  const backend = (name: string, more: object = {}) => ({
    ...{ group: '', kind: 'Service', name, port: 8080, weight: 1 },
    ...more,
  });
  const rule = (name: string, path: string, ...backendRefs: object[]) => ({
    name,
    matches: [{ path: { type: 'PathPrefix', value: path } }],
    backendRefs,
  });
  const later = '2026-11-30T17:32:00Z';

  it('of one host are one virtual host: an equal name stays twice, an equal match vanishes', () => {
    const rules = [
      rule(marker, '/two', backend('shop-v2')),
      rule('second-route-slash', '/', backend('shop')),
    ];
    const objects = [
      ...LAST.objects,
      changed(shop, { name: 'shop2', created: later, rules }),
      changed(mesh, { name: 'shop-mesh2', created: later, rules }),
    ];
    const state = recordedCluster(objects, ['shop', 'shop-v2']);
    expect(atGateway(state)).toEqual(answers.merged.gateway);
    expect(atSidecar(state)).toEqual(of(answers.merged.sidecar, ['shop', 'shop-v2']));
    const made = configz(createStore(), state).filter(
      ({ kind, metadata }) => kind === 'VirtualService' && !('resourceVersion' in metadata),
    );
    expect(made).toEqual(answers.merged.virtualServices);
    // Nothing says so: both are as accepted as before.
    expect(JSON.stringify(statuses(state)['shop2'])).not.toContain('"False"');
  });

  it.each(answers.weights.map((one) => [one.weights, one] as const))(
    'weigh %s as recorded',
    (weights, { rule: name, gateway: wanted, sidecar }) => {
      const [, v1, v2] = /v1(?: (\d+))?, (?:v2|weight) (\d+)/.exec(weights) ?? [];
      const refs =
        v1 === undefined
          ? [backend('shop-v1', { weight: Number(v2) })]
          : [backend('shop-v1', { weight: Number(v1) }), backend('shop-v2', { weight: Number(v2) })];
      const weighed = (route: KubeObject) => changed(route, { rules: [rule(name, '/', ...refs)] });
      const state = recordedCluster([weighed(shop), weighed(mesh), gateway], ['shop', 'shop-v1', 'shop-v2']);
      const ofRule = (all: ShortRoute[]) => all.filter((one) => one.name === name);
      expect(ofRule(atGateway(state))).toEqual(wanted);
      expect(ofRule(atSidecar(state))).toEqual(sidecar);
    },
  );

  it('lead to a Service or port that is not there, as recorded, and only the first shows in the status', () => {
    const { backends } = answers;
    const faulty = Object.entries(backends.routes).map(([name, { generation, spec }]) => ({
      ...changed(name === 'faulty' ? shop : mesh, { name, created: later }),
      spec,
      status: {},
      generation,
    }));
    for (const one of faulty) one.metadata.generation = one.generation;
    const state = recordedCluster([...LAST.objects, ...faulty], ['shop', 'shop-v2', 'empty']);
    // Of one length the recording has them in another order; specificity says nothing about them.
    const byName = (all: ShortRoute[]) => [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
    const noHeaders = ({ match, ...rest }: ShortRoute) => ({
      ...rest,
      match: { ...match, headers: undefined },
    });
    expect(byName(atGateway(state)).map(noHeaders)).toEqual(byName(backends.gateway).map(noHeaders));
    expect(byName(atSidecar(state))).toEqual(byName(backends.sidecar));
    for (const [name, { status }] of Object.entries(backends.routes))
      expect(timeless(statuses(state)[name])).toEqual(timeless(status));
  });

  const virtualService = (name: string, gateways: string[], host: string, route: string) =>
    ({
      ...changed(shop, { name, created: later }),
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      spec: {
        hosts: [host],
        gateways,
        http: [{ name: route, route: [{ destination: { host: 'shop', port: { number: 8080 } } }] }],
      },
    }) as VirtualServiceObject;

  it.each([
    ['younger', later, 'virtualservice_younger'],
    ['older', '2026-11-30T17:00:00Z', 'httproute_younger'],
  ])('come before a %s VirtualService of their host', (_age, created, which) => {
    const state = recordedCluster(LAST.objects, ['shop', 'shop-v2', 'empty']);
    const all = [
      virtualService('shop-vs', ['mesh'], 'shop.ze-gapi.svc.cluster.local', 'vs-mesh'),
      virtualService('shop-vs-gw', ['shop-istio'], 'gapi.example', 'vs-gateway'),
    ];
    state.virtualServices = all.map((one) => changed(one, { created }) as VirtualServiceObject);
    state.gateways = [istioGateway(later)];
    const wanted = answers.besideVirtualService[which];
    const names = (list: ShortRoute[] = []) =>
      list.map(({ name, vhost }) => [vhost, name.replace(/-d-\d+-shop$/, '')]);
    expect(
      names(atGateway(state))
        .map(([, name]) => name)
        .at(-1),
    ).toBe('vs-gateway');
    expect(names(atGateway(state))).toHaveLength(wanted?.gateway.length ?? 0);
    expect(atSidecar(state).map(({ name }) => name)).not.toContain('vs-mesh');
  });

  const istioGateway = (created: string) =>
    ({
      ...changed(gateway, { name: 'shop-istio', created }),
      apiVersion: 'networking.istio.io/v1',
      spec: {
        selector: { app: 'gw' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['gapi.example'] }],
      },
    }) as MeshState['gateways'][number];

  it('come after the VirtualServices of an older Gateway', () => {
    const state = recordedCluster(LAST.objects, ['shop', 'shop-v2', 'empty']);
    state.virtualServices = [virtualService('shop-vs-gw', ['shop-istio'], 'gapi.example', 'vs-gateway')];
    state.gateways = [istioGateway('2026-11-30T17:00:00Z')];
    const wanted = answers.besideVirtualService['gateway_api_gateway_younger_than_istio_gateway'];
    const kinds = (list: ShortRoute[] = []) =>
      list.map(({ name }) => (name.startsWith('vs-') ? name : name.endsWith('tester') ? 'tester' : 'route'));
    expect(kinds(atGateway(state))).toEqual(kinds(wanted?.gateway));
  });

  it('of another namespace replace their producer’s for the callers there, without any grant', () => {
    const consumer = changed(mesh, {
      ...{ name: 'consumer', namespace: 'ze-gapi-b', created: later },
      parentRefs: [{ group: '', kind: 'Service', name: 'shop', namespace: NAMESPACE, port: 8080 }],
      rules: [rule('consumer-marker', '/', backend('shop-v2', { namespace: NAMESPACE }))],
    });
    const state = recordedCluster([...LAST.objects, consumer], ['shop', 'shop-v2', 'empty']);
    expect(atSidecar(state, 'ze-gapi-b')).toEqual(answers.consumer.consumer);
    expect(atSidecar(state)).toEqual(answers.consumer.own);
  });

  it('leave, when deleted, nothing at the gateway and the Service’s own route at sidecars', () => {
    const state = recordedCluster([gateway], ['shop', 'shop-v2', 'empty', 'stat']);
    expect(recordedPart(routes(OWN_GATEWAY, state, 'http.8080'))).toEqual([]);
    expect(recordedPart(routes(sidecarIn(NAMESPACE), state, '8080'))).toEqual(answers.deleted.sidecar);
  });

  it('of a Gateway with another namespace’s address reach no proxy, and its status says why', () => {
    const state = recordedCluster([answers.foreignAddress], ['shop']);
    state.services.push({
      ...(state.services[0] as MeshState['services'][number]),
      metadata: { ...gateway.metadata, name: 'istio-ingressgateway', namespace: 'istio-system' },
    });
    expect(timeless(statuses(state)['gateway shop'])).toEqual(timeless(answers.foreignAddress.status));
    expect(translateGatewayApi(state).gateways).toEqual([]);
  });
});
