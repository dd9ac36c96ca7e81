/**
 * The parts of Envoy's admin answers that the scripts read. Recorded:
 * test/fixtures/istio/switch. Absent numbers mean 0.
 */
import type { EnvoyAddress } from './address.ts';

export interface EndpointsDump {
  configs?: {
    endpoint_config?: {
      cluster_name?: string;
      endpoints?: {
        lb_endpoints?: {
          endpoint?: { address?: EnvoyAddress };
          /** Computed: endpoint discovery, outlier detection and active health checks together. */
          health_status?: string;
        }[];
      }[];
    };
  }[];
}

export interface EnvoyRoute {
  name?: string;
  metadata?: { filter_metadata?: { istio?: { config?: string } } };
  route?: {
    cluster?: string;
    /**
     * The cluster comes from a header of each request, or from a
     * plugin: the target of such a route cannot be known.
     */
    cluster_header?: string;
    cluster_specifier_plugin?: unknown;
    inline_cluster_specifier_plugin?: unknown;
    weighted_clusters?: { clusters?: { name?: string; cluster_header?: string; weight?: number }[] };
    request_mirror_policies?: { cluster?: string }[];
  };
}

export interface RoutesDump {
  configs?: {
    route_config?: { name?: string; virtual_hosts?: { name?: string; routes?: EnvoyRoute[] }[] };
  }[];
}

export interface ClustersDump {
  configs?: { cluster?: { name?: string } }[];
}

export interface ClusterStatuses {
  cluster_statuses?: {
    name?: string;
    host_statuses?: {
      address?: EnvoyAddress;
      /** Counters come as strings; a zero has no value. */
      stats?: { name?: string; value?: string | number }[];
    }[];
  }[];
}
