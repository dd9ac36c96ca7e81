/** The parts of Envoy's admin answers that prove something. Recorded answers: test/fixtures/istio/switch. Absent numbers mean 0. */
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
    /** The cluster stands in a header of each request, or something else chooses it: where such a route leads nobody can read. */
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

/** Where the configuration dump has something else than configurations of this kind. An answer without any is one that has none. */
export function unreadableIn(dump: unknown, part: string): string | undefined {
  const { configs = [] } = (dump ?? {}) as { configs?: unknown };
  if (typeof dump !== 'object' || dump === null || Array.isArray(dump) || !Array.isArray(configs))
    return 'an answer that is no configuration dump';
  const odd = configs.find((config: unknown) => {
    const found = (config as Record<string, unknown> | null)?.[part];
    return typeof found !== 'object' || found === null;
  }) as unknown;
  return odd === undefined ? undefined : `a configuration without ${part}`;
}
