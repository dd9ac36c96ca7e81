import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  resourceName,
  ROUTE_TYPE,
  type Resource,
  type TypeUrl,
} from '../xds-types.ts';
import { BLACK_HOLE_CLUSTER, hostPolicy, outboundClusters, PASSTHROUGH_CLUSTER } from './clusters.ts';
import { translateGatewayApi } from '../gateway-api/translate.ts';
import { mergeDelegates } from './delegates.ts';
import { loadAssignments } from './endpoints.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import type { MeshState } from './istio-objects.ts';
import { gatewayListeners, sidecarListeners } from './listeners.ts';
import { meshServices } from './services.ts';
import { sidecarRoutes } from './sidecar-routes.ts';
import { exportedTo, sidecarOf, sidecarScope } from './sidecar-scope.ts';

/** What makes one proxy's configuration differ from another's. */
export interface ProxyNode {
  type: 'router' | 'sidecar';
  namespace: string;
  labels: Record<string, string>;
  /** Gateways only: the pod's port behind each port of its Service. */
  targetPorts: ReadonlyMap<number, number>;
}

/** A proxy's whole configuration at one moment: per type, resources by name. */
export type Snapshot = Record<TypeUrl, ReadonlyMap<string, Resource>>;

/** Computes one proxy's configuration from everything istiod knows. Pure. */
export function computeSnapshot(node: ProxyNode, state: MeshState): Snapshot {
  const ofGatewayApi = translateGatewayApi(state);
  const virtualServices = [...mergeDelegates(state.virtualServices), ...ofGatewayApi.virtualServices];
  const gateways = [...state.gateways, ...ofGatewayApi.gateways];
  const scope =
    node.type === 'sidecar'
      ? sidecarScope(node, meshServices(state), virtualServices, sidecarOf(node, state.sidecars))
      : undefined;
  const services = scope?.services ?? exportedTo(node.namespace, meshServices(state));
  const policies = new Map(
    services.map((service) => [
      service,
      hostPolicy(service, state.destinationRules, node.namespace, node.labels),
    ]),
  );
  const clusters = services.flatMap((service) => outboundClusters(service, policies.get(service)));
  const routes =
    scope === undefined
      ? gatewayRoutes(node, services, gateways, virtualServices)
      : sidecarRoutes(node, scope);
  return {
    [CLUSTER_TYPE]: byName([
      ...clusters,
      BLACK_HOLE_CLUSTER,
      ...(node.type === 'sidecar' ? [PASSTHROUGH_CLUSTER] : []),
    ]),
    [ENDPOINT_TYPE]: byName(services.flatMap((service) => loadAssignments(service, policies.get(service)))),
    [LISTENER_TYPE]: byName(
      node.type === 'router'
        ? gatewayListeners(routes)
        : sidecarListeners(routes, scope?.unknown === 'refuse'),
    ),
    [ROUTE_TYPE]: byName(routes),
  };
}

function byName(resources: Resource[]): ReadonlyMap<string, Resource> {
  return new Map(resources.map((resource) => [resourceName(resource), resource]));
}

/**
 * Gives equal resources one identity, across proxies and from one push to the next: what changed for a proxy
 * is then found by comparing references, and a thousand proxies share one copy.
 */
export class SnapshotCache {
  #known = new Map<string, Resource>();
  #current = new Map<string, Resource>();
  #scopes = new Map<string, Snapshot>();

  /** Forgets what was computed from the state before. */
  invalidate(): void {
    this.#scopes.clear();
    if (this.#current.size === 0) return;
    this.#known = this.#current;
    this.#current = new Map();
  }

  snapshot(node: ProxyNode, state: MeshState): Snapshot {
    const scope = scopeOf(node, state);
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const computed = computeSnapshot(node, state);
    const shared = Object.fromEntries(
      Object.entries(computed).map(([type, resources]) => [
        type,
        new Map([...resources].map(([name, resource]) => [name, this.#intern(type, resource)])),
      ]),
    ) as Record<TypeUrl, Map<string, Resource>>;
    this.#scopes.set(scope, shared);
    return shared;
  }

  #intern(type: string, resource: Resource): Resource {
    const key = `${type} ${JSON.stringify(resource)}`;
    const one = this.#current.get(key) ?? this.#known.get(key) ?? resource;
    this.#current.set(key, one);
    return one;
  }
}

/** Proxies of one type and namespace share a snapshot, unless some rule looks at the caller's labels. */
function scopeOf(node: ProxyNode, state: MeshState): string {
  const routed = state.virtualServices.some((one) =>
    (one.spec?.http ?? []).some((rule) =>
      (rule.match ?? []).some((match) => match.sourceLabels !== undefined),
    ),
  );
  const labelsMatter =
    routed || [...state.sidecars, ...state.destinationRules].some(({ spec }) => spec?.workloadSelector);
  return `${node.type}/${node.namespace}/${labelsMatter || node.type === 'router' ? JSON.stringify(node.labels) : ''}`;
}
