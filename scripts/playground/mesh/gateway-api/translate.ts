/**
 * Gateway API's objects as the Gateways and VirtualServices of Istio that istiod makes of them for
 * itself: a Gateway for each listener, a VirtualService for each parent and host, with the routes of all
 * HTTPRoutes that have both in common.
 */
import {
  GATEWAY_SEMANTICS,
  namespaceOf,
  type GatewayObject,
  type HttpMatch,
  type HttpRule,
  type MeshState,
  type ServiceObject,
  type VirtualServiceObject,
} from '../istiod/istio-objects.ts';
import { byAge } from '../istiod/istio-objects.ts';
import {
  internalGateway,
  ownGateways,
  parentListeners,
  serviceOf,
  type ParentListener,
} from './listeners.ts';
import type { HttpRoute, K8sGateway } from './objects.ts';
import { attachments, type Attachment } from './parents.ts';
import { bySpecificity, convertRules, type ConvertedRules } from './rules.ts';
import type { RouteError } from './references.ts';

/** A route with what became of it at each of its parents. */
export interface FollowedRoute {
  route: HttpRoute;
  attachments: Attachment[];
  /** What is wrong with its rules, at Gateways and in the mesh. */
  errors: { gateway?: RouteError; mesh?: RouteError };
}

export interface FollowedGateway {
  gateway: K8sGateway;
  service: ReturnType<typeof serviceOf>;
  listeners: ParentListener[];
}

export interface Translation {
  gateways: GatewayObject[];
  virtualServices: VirtualServiceObject[];
  followed: { gateways: FollowedGateway[]; routes: FollowedRoute[] };
}

const NOTHING: Translation = {
  gateways: [],
  virtualServices: [],
  followed: { gateways: [], routes: [] },
};

const known = new WeakMap<MeshState, Translation>();

/** Everything that Gateway API's objects of a state come to. Computed once for a state. */
export function translateGatewayApi(state: MeshState): Translation {
  if (state.gatewayApi === undefined) return NOTHING;
  const before = known.get(state);
  if (before !== undefined) return before;
  const translation = translate(state, state.gatewayApi);
  known.set(state, translation);
  return translation;
}

function translate(state: MeshState, api: NonNullable<MeshState['gatewayApi']>): Translation {
  const services = new Map<string, ServiceObject>(
    state.services.map((one) => [`${namespaceOf(one)}/${one.metadata.name}`, one]),
  );
  const listeners = parentListeners(api);
  const gateways = ownGateways(api).map((gateway) => ({
    gateway,
    service: serviceOf(gateway, services),
    listeners: listeners.filter((one) => one.gateway === gateway),
  }));
  const context = { services, grants: api.referenceGrants };
  const bound: BoundRoutes[] = [];
  const routes = api.httpRoutes.map((route): FollowedRoute => {
    const parents = attachments(route, listeners, services);
    const gateway = convertRules(route, { ...context, needsGrant: true });
    const mesh = convertRules(route, { ...context, needsGrant: false });
    bound.push(...boundRoutes(route, parents, gateway, mesh));
    return {
      route,
      attachments: parents,
      errors: {
        ...(gateway.error === undefined ? {} : { gateway: gateway.error }),
        ...(mesh.error === undefined ? {} : { mesh: mesh.error }),
      },
    };
  });
  return {
    gateways: gateways.flatMap(({ service, listeners: own }) =>
      'host' in service
        ? own.map((one) => internalGateway(one, service.host, service.service, api.namespaces))
        : [],
    ),
    virtualServices: mergedByKey(bound),
    followed: { gateways, routes },
  };
}

/** A route's rules for one parent and one host. */
interface BoundRoutes {
  /** What routes of one parent and host have in common; with `~` for `/` it is the VirtualService's name. */
  key: string;
  host: string;
  gateway: string;
  route: HttpRoute;
  rules: HttpRule[];
}

function boundRoutes(
  route: HttpRoute,
  parents: Attachment[],
  gateway: ConvertedRules,
  mesh: ConvertedRules,
): BoundRoutes[] {
  const namespace = namespaceOf(route);
  return parents
    .filter(({ denial }) => denial === undefined)
    .flatMap(({ parent, reference, servesHost }): BoundRoutes[] => {
      if (parent === undefined) {
        const { name, namespace: owner = namespace, port } = reference;
        const host = `${name}.${owner}.svc.cluster.local`;
        const key = port === undefined ? `${namespace}/${host}` : `${namespace}/${port}/${host}`;
        return [{ key, host, gateway: 'mesh', route, rules: ofPort(mesh.rules, port) }];
      }
      const hosts = route.spec?.hostnames ?? [];
      return (hosts.length === 0 ? ['*'] : hosts).filter(servesHost).map((host) => ({
        key: `${parent.internalName}/${host}`,
        host,
        gateway: parent.internalName,
        route,
        rules: gateway.rules,
      }));
    })
    .filter(({ rules }) => rules.length > 0);
}

function ofPort(rules: HttpRule[], port: number | undefined): HttpRule[] {
  if (port === undefined) return rules;
  return rules.map((rule) => ({
    ...rule,
    match: (rule.match ?? [{}]).map((match): HttpMatch => ({ ...match, port })),
  }));
}

/**
 * The oldest route of a key gives its namespace and its age; no name of any route is left but in an
 * annotation.
 */
function mergedByKey(bound: BoundRoutes[]): VirtualServiceObject[] {
  const byKey = new Map<string, BoundRoutes[]>();
  for (const one of bound) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one]);
  return [...byKey].flatMap(([key, found]) => {
    const sorted = [...found].sort((a, b) => byAge(a.route, b.route));
    const [oldest] = sorted;
    if (oldest === undefined) return [];
    const parents = sorted.map(({ route }) => `HTTPRoute/${route.metadata.name}.${namespaceOf(route)}`);
    const { uid, creationTimestamp, resourceVersion, namespace = 'default' } = oldest.route.metadata;
    return [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: {
          ...{ name: key.replaceAll('/', '~'), namespace, uid, creationTimestamp, resourceVersion },
          annotations: {
            [GATEWAY_SEMANTICS.parents]: parents.join(','),
            [GATEWAY_SEMANTICS.route]: 'gateway',
          },
        },
        spec: {
          hosts: [oldest.host],
          gateways: [oldest.gateway],
          http: bySpecificity(sorted.flatMap(({ rules }) => rules)),
        },
      },
    ];
  });
}
