/** What Istio makes of its objects for a proxy: clusters, their endpoints, and routes. */
import type { DestinationRule, HttpRoute, VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { HOST, NAMESPACE, PORT } from '../world/manifests.ts';

export interface Endpoint {
  ip: string;
  labels: Record<string, string>;
}

/** The state of the world as one istiod knows it. */
export interface MeshView {
  rule: DestinationRule | undefined;
  routes: VirtualService | undefined;
  endpoints: readonly Endpoint[];
}

export interface ProxyRoute {
  name: string;
  /** Only requests with the header `x-beta` take it. */
  isBeta: boolean;
  /** Each with its share of the traffic. Istio leaves out what has weight 0. */
  clusters: { subset: string; weight: number }[];
  /** How long a request waits at the proxy before it goes on, in milliseconds. */
  delayMs: number;
}

/** The labels of each cluster's endpoints, by subset; '' is the cluster of all versions. */
export function clustersOf({ rule }: MeshView): Map<string, Record<string, string>> {
  const subsets = (rule?.spec.subsets ?? []).map(({ name, labels = {} }) => [name, labels] as const);
  return new Map([['', {}], ...subsets]);
}

export function endpointsOf({ endpoints }: MeshView, labels: Record<string, string>): string[] {
  const wanted = Object.entries(labels);
  return endpoints
    .filter((endpoint) => wanted.every(([key, value]) => endpoint.labels[key] === value))
    .map(({ ip }) => ip);
}

export function routesOf({ routes }: MeshView): ProxyRoute[] {
  // Without a VirtualService Istio makes a route of its own, to all versions.
  if (routes === undefined)
    return [{ name: 'default', isBeta: false, clusters: [{ subset: '', weight: 1 }], delayMs: 0 }];
  return (routes.spec.http ?? []).map((route) => {
    const destinations = route.route ?? [];
    const clusters = destinations.map(({ destination, weight }) => ({
      subset: destination.subset ?? '',
      weight: destinations.length === 1 ? 1 : (weight ?? 0),
    }));
    return {
      name: route.name ?? '',
      isBeta: (route.match ?? []).length > 0,
      clusters: clusters.filter(({ weight }) => weight > 0),
      delayMs: delayOf(route),
    };
  });
}

function delayOf({ fault }: HttpRoute): number {
  const { fixedDelay = '0ms' } = (fault as { delay?: { fixedDelay?: string } } | undefined)?.delay ?? {};
  return Number.parseInt(fixedDelay, 10);
}

export const clusterName = (subset: string): string => `outbound|${PORT}|${subset}|${HOST}`;

export const routeReference = (name: string): string =>
  `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}/virtual-service/${name}`;
