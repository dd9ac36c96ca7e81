/** The routes of the Gateway API, an add-on that a cluster may not have, or may have in an older version. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import { refuse } from '../refuse.ts';

/** What HTTPRoute, GRPCRoute, TLSRoute and TCPRoute have in common. */
export interface GatewayApiRoute extends KubernetesObject {
  spec?: {
    parentRefs?: { group?: string; kind?: string; name: string; namespace?: string }[];
    rules?: { backendRefs?: { kind?: string; name: string; namespace?: string }[] }[];
  };
}

/**
 * The Gateway API's routes to a Service, and the versions they had before. TLSRoute came to v1 with 1.5,
 * TCPRoute with 1.6:
 * https://gateway-api.sigs.k8s.io/reference/api-types/tcproute/
 */
export const gatewayApiRoutes: { resource: Resource; before: string[] }[] = [
  { resource: resources.httpRoutes, before: [] },
  { resource: resources.grpcRoutes, before: [] },
  { resource: resources.tlsRoutes, before: ['v1alpha3', 'v1alpha2'] },
  { resource: resources.tcpRoutes, before: ['v1alpha2'] },
];

/** Empty where the cluster has no such resource. */
export async function listIfKnown<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource,
  before: string[],
  options: { namespace: string; signal: AbortSignal },
): Promise<T[]> {
  for (const version of [resource.version, ...before]) {
    try {
      return await cluster.list<T>({ ...resource, version }, options);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.status === 403)
        refuse(`Not allowed: list ${resource.plural}.${resource.group} in every namespace`);
      if (error.status !== 404) throw error;
    }
  }
  return [];
}
