/**
 * The resources istiod sends to a proxy, in Envoy's proto-JSON spelling (snake_case, zero values left out).
 * One form for everything: the control plane writes it, the proxy obeys it, the proxy's admin port shows it.
 * Field names: https://www.envoyproxy.io/docs/envoy/latest/api-v3/api
 */

export const CLUSTER_TYPE = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
export const ENDPOINT_TYPE = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
export const LISTENER_TYPE = 'type.googleapis.com/envoy.config.listener.v3.Listener';
export const ROUTE_TYPE = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

export type TypeUrl = typeof CLUSTER_TYPE | typeof ENDPOINT_TYPE | typeof LISTENER_TYPE | typeof ROUTE_TYPE;

/**
 * The order in which istiod pushes. Endpoints of a cluster that is new
 * to a proxy follow when the proxy asks for them.
 */
export const PUSH_ORDER: readonly TypeUrl[] = [CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE];

export interface SocketAddressJson {
  socket_address: { address: string; port_value: number };
}

export interface ClusterJson {
  name: string;
  type: 'EDS' | 'STATIC' | 'ORIGINAL_DST';
  eds_cluster_config?: {
    eds_config: { ads: object; initial_fetch_timeout: string; resource_api_version: string };
    service_name: string;
  };
  connect_timeout: string;
  lb_policy?: 'LEAST_REQUEST' | 'RANDOM' | 'CLUSTER_PROVIDED';
  outlier_detection?: OutlierDetectionJson;
  circuit_breakers?: { thresholds: CircuitBreakerJson[] };
  metadata?: { filter_metadata: { istio: IstioClusterMetadata } };
  common_lb_config?: { healthy_panic_threshold: object };
  alt_stat_name?: string;
  typed_extension_protocol_options?: { [HTTP_OPTIONS]: HttpOptionsJson };
}

/** Under this name a cluster says how its HTTP connections live. */
export const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export interface HttpOptionsJson {
  '@type': string;
  common_http_protocol_options: { idle_timeout?: string; max_requests_per_connection?: number };
  explicit_http_config: { http_protocol_options: object };
}

export interface OutlierDetectionJson {
  consecutive_5xx?: number;
  consecutive_gateway_failure?: number;
  interval?: string;
  base_ejection_time?: string;
  max_ejection_percent?: number;
  enforcing_consecutive_5xx?: number;
  enforcing_consecutive_gateway_failure?: number;
  enforcing_success_rate: number;
}

export interface CircuitBreakerJson {
  priority?: 'HIGH';
  max_connections: number;
  max_pending_requests: number;
  max_requests: number;
  max_retries: number;
}

export interface IstioClusterMetadata {
  services?: { host: string; name: string; namespace: string }[];
  config?: string;
  subset?: string;
}

export interface ClusterLoadAssignmentJson {
  cluster_name: string;
  endpoints?: { locality: object; lb_endpoints: LbEndpointJson[]; load_balancing_weight: number }[];
}

export interface LbEndpointJson {
  endpoint: { address: SocketAddressJson; health_check_config: object };
  health_status?: 'UNHEALTHY';
  metadata?: {
    filter_metadata: { 'envoy.transport_socket_match'?: { tlsMode: string }; istio?: { workload: string } };
  };
  load_balancing_weight: number;
}

export interface ListenerJson {
  name: string;
  address: SocketAddressJson;
  traffic_direction?: 'INBOUND' | 'OUTBOUND';
  /** Name of the route configuration this listener asks for by RDS. */
  route_config_name?: string;
  /** What becomes of connections that no other chain takes. */
  default_filter_chain?: {
    name: string;
    filters: { name: string; typed_config: { '@type': string; stat_prefix: string; cluster: string } }[];
  };
}

export interface RouteConfigJson {
  name: string;
  virtual_hosts: VirtualHostJson[];
  validate_clusters: boolean;
  max_direct_response_body_size_bytes?: number;
  ignore_port_in_host_matching?: boolean;
}

export interface VirtualHostJson {
  name: string;
  domains: string[];
  routes?: RouteJson[];
  include_request_attempt_count?: boolean;
}

export interface RouteJson extends HeaderChangesJson {
  match: RouteMatchJson;
  route?: RouteActionJson;
  redirect?: RedirectJson;
  direct_response?: { status: number; body?: { inline_string: string } };
  metadata?: { filter_metadata: { istio: { config: string } } };
  decorator?: { operation: string };
  typed_per_filter_config?: { 'envoy.filters.http.fault'?: FaultJson };
  name?: string;
  stat_prefix?: string;
}

export interface HeaderToAddJson {
  header: { key: string; value: string };
  append_action?: 'OVERWRITE_IF_EXISTS_OR_ADD';
}

export interface StringMatchJson {
  exact?: string;
  prefix?: string;
  safe_regex?: { regex: string };
  ignore_case?: boolean;
}

export interface HeaderMatchJson {
  name: string;
  string_match?: StringMatchJson;
  present_match?: boolean;
  invert_match?: boolean;
}

export interface RouteMatchJson {
  prefix?: string;
  /** A prefix that ends with a whole path segment: `/a` is of `/a` and `/a/b`, not of `/ab`. */
  path_separated_prefix?: string;
  path?: string;
  safe_regex?: { regex: string };
  case_sensitive?: boolean;
  headers?: HeaderMatchJson[];
  query_parameters?: { name: string; string_match?: StringMatchJson; present_match?: boolean }[];
}

export interface RetryPolicyJson {
  retry_on: string;
  num_retries: number;
  per_try_timeout?: string;
  retry_host_predicate?: { name: string; typed_config: { '@type': string } }[];
  host_selection_retry_max_attempts?: string;
  retriable_status_codes?: number[];
}

export interface RouteActionJson {
  cluster?: string;
  weighted_clusters?: { clusters: WeightedClusterJson[] };
  /** What a request to a cluster that the proxy does not have is answered; default 503. */
  cluster_not_found_response_code?: 'INTERNAL_SERVER_ERROR';
  prefix_rewrite?: string;
  regex_rewrite?: { pattern: { regex: string }; substitution: string };
  host_rewrite_literal?: string;
  timeout?: string;
  retry_policy?: RetryPolicyJson;
  request_mirror_policies?: {
    cluster: string;
    runtime_fraction?: { default_value: { numerator: number; denominator?: 'TEN_THOUSAND' | 'MILLION' } };
  }[];
  max_grpc_timeout?: string;
}

/** What a route, or one of its weighted clusters, does to the headers of a request and of its answer. */
export interface HeaderChangesJson {
  request_headers_to_add?: HeaderToAddJson[];
  request_headers_to_remove?: string[];
  response_headers_to_add?: HeaderToAddJson[];
  response_headers_to_remove?: string[];
}

export interface WeightedClusterJson extends HeaderChangesJson {
  name: string;
  weight: number;
}

export interface RedirectJson {
  host_redirect?: string;
  path_redirect?: string;
  /** In place of the matched prefix. */
  prefix_rewrite?: string;
  port_redirect?: number;
  scheme_redirect?: string;
  response_code?: 'FOUND' | 'SEE_OTHER' | 'TEMPORARY_REDIRECT' | 'PERMANENT_REDIRECT';
}

export interface FaultJson {
  '@type': string;
  delay?: { fixed_delay: string; percentage: { numerator: number; denominator: string } };
  abort?: { http_status: number; percentage: { numerator: number; denominator: string } };
}

export type Resource = ClusterJson | ClusterLoadAssignmentJson | ListenerJson | RouteConfigJson;

/** The name by which a resource is known in its type. */
export function resourceName(resource: Resource): string {
  return 'cluster_name' in resource ? resource.cluster_name : resource.name;
}
