/** The routes of the Gateway API. It is an add-on: a cluster may lack it or have an older version. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import { refuse } from '../refuse.ts';

/** The common fields of HTTPRoute, GRPCRoute, TLSRoute and TCPRoute. */
export interface GatewayApiRoute extends KubernetesObject {
  spec?: {
    parentRefs?: { group?: string; kind?: string; name: string; namespace?: string }[];
    rules?: { backendRefs?: { kind?: string; name: string; namespace?: string }[] }[];
  };
}

/**
 * The kinds of route to a Service, with their earlier API versions. TLSRoute reached v1 with Gateway API 1.5,
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
