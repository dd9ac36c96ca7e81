import type { ClusterJson } from '../../xds-types.ts';
import type { ProxySpec } from '../messages.ts';
import { envoyAddress } from './addresses.ts';

/** istiod's clusters as Envoy takes them here. */
export function envoyCluster(cluster: ClusterJson): ClusterJson {
  if (cluster.type !== 'ORIGINAL_DST') return cluster;
  // Calls are not redirected here, so the kernel knows no original destination: it is what the call names.
  const original = { use_http_header: true, http_header_name: ':authority' };
  return { ...cluster, original_dst_lb_config: original } as ClusterJson;
}

/** The clusters towards the pod's own app, which istiod sends a sidecar besides those of the Services. */
export function inboundClusters(spec: ProxySpec): { name: string }[] {
  return spec.inbound.map(({ port, inside }) => {
    const name = `inbound|${port}||`;
    return {
      name,
      type: 'STATIC',
      connect_timeout: '10s',
      circuit_breakers: {
        thresholds: [
          {
            max_connections: 4_294_967_295,
            max_pending_requests: 4_294_967_295,
            max_requests: 4_294_967_295,
            max_retries: 4_294_967_295,
          },
        ],
      },
      alt_stat_name: `${name};`,
      load_assignment: {
        cluster_name: name,
        endpoints: [{ lb_endpoints: [{ endpoint: { address: envoyAddress(inside) } }] }],
      },
    };
  });
}
