/** The parts of Envoy's admin answers that prove something. Recorded answers: test/fixtures/istio/switch. Absent numbers mean 0. */

export interface EndpointsDump {
  configs?: {
    endpoint_config?: {
      cluster_name?: string;
      endpoints?: {
        lb_endpoints?: {
          endpoint?: { address?: { socket_address?: { address?: string; port_value?: number } } };
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
    weighted_clusters?: { clusters?: { name?: string; weight?: number }[] };
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
      address?: { socket_address?: { address?: string; port_value?: number } };
      /** Counters come as strings; a zero has no value. */
      stats?: { name?: string; value?: string | number }[];
    }[];
  }[];
}

/** What one proxy's answer says about one claim. */
export type Verdict =
  | { proven: true; /** False: the proxy has nothing to do with this service. */ consumer: boolean }
  | {
      proven: false;
      /** What it showed instead, for a person. */
      saw: string;
      /** It may be proven after so long and not before, in milliseconds. */
      againMs?: number;
    };

export const proven = (consumer = true): Verdict => ({ proven: true, consumer });
export const unproven = (saw: string, againMs?: number): Verdict =>
  againMs === undefined ? { proven: false, saw } : { proven: false, saw, againMs };
