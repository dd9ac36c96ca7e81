import type { ClusterLoadAssignmentJson, LbEndpointJson } from '../xds-types.ts';
import { clusterName, type HostPolicy } from './clusters.ts';
import { labelsMatch } from './istio-objects.ts';
import type { MeshEndpoint, MeshService } from './services.ts';

/** One load assignment for each of the service's clusters. */
export function loadAssignments(
  service: MeshService,
  policy: HostPolicy | undefined,
): ClusterLoadAssignmentJson[] {
  return service.ports.flatMap((port) => [
    assignment(clusterName(port.number, '', service.host), port.endpoints),
    ...(policy?.subsets ?? []).map((subset) =>
      assignment(
        clusterName(port.number, subset.name, service.host),
        port.endpoints.filter((endpoint) => labelsMatch(subset.labels, endpoint.labels)),
      ),
    ),
  ]);
}

function assignment(name: string, endpoints: MeshEndpoint[]): ClusterLoadAssignmentJson {
  if (endpoints.length === 0) return { cluster_name: name };
  return {
    cluster_name: name,
    endpoints: [
      { locality: {}, lb_endpoints: endpoints.map(lbEndpoint), load_balancing_weight: endpoints.length },
    ],
  };
}

function lbEndpoint(endpoint: MeshEndpoint): LbEndpointJson {
  const result: LbEndpointJson = {
    endpoint: {
      address: { socket_address: { address: endpoint.ip, port_value: endpoint.port } },
      health_check_config: {},
    },
    ...(endpoint.healthy ? {} : { health_status: 'UNHEALTHY' as const }),
    load_balancing_weight: 1,
  };
  const metadata = {
    ...(endpoint.tlsMode === undefined
      ? {}
      : { 'envoy.transport_socket_match': { tlsMode: endpoint.tlsMode } }),
    ...(endpoint.workload === undefined ? {} : { istio: { workload: endpoint.workload } }),
  };
  return Object.keys(metadata).length === 0 ? result : { ...result, metadata: { filter_metadata: metadata } };
}
