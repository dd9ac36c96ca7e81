/**
 * The messages and fields of Envoy's API that are sent here, by full name: `field=number:type`, where
 * no type is `string`, `[]` is a list and `{}` a map from strings. A type is looked up in its own
 * package first, then in all. Numbers and types:
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/api (test/envoy compares what a real Envoy read).
 */
export const MESSAGES = `
package envoy.config.cluster.v3
  Cluster: name=1 alt_stat_name=28 type=2:Cluster.DiscoveryType eds_cluster_config=3:Cluster.EdsClusterConfig connect_timeout=4:Duration lb_policy=6:Cluster.LbPolicy circuit_breakers=10:CircuitBreakers metadata=25:Metadata common_lb_config=27:Cluster.CommonLbConfig outlier_detection=19:OutlierDetection load_assignment=33:ClusterLoadAssignment original_dst_lb_config=34:Cluster.OriginalDstLbConfig typed_extension_protocol_options=36:Any{}
  Cluster.EdsClusterConfig: eds_config=1:ConfigSource service_name=2
  Cluster.CommonLbConfig: healthy_panic_threshold=1:Percent
  Cluster.OriginalDstLbConfig: use_http_header=1:bool http_header_name=2
  CircuitBreakers: thresholds=1:CircuitBreakers.Thresholds[]
  CircuitBreakers.Thresholds: priority=1:RoutingPriority max_connections=2:UInt32Value max_pending_requests=3:UInt32Value max_requests=4:UInt32Value max_retries=5:UInt32Value track_remaining=6:bool
  OutlierDetection: consecutive_5xx=1:UInt32Value interval=2:Duration base_ejection_time=3:Duration max_ejection_percent=4:UInt32Value enforcing_consecutive_5xx=5:UInt32Value enforcing_success_rate=6:UInt32Value consecutive_gateway_failure=10:UInt32Value enforcing_consecutive_gateway_failure=11:UInt32Value split_external_local_origin_errors=12:bool consecutive_local_origin_failure=13:UInt32Value enforcing_consecutive_local_origin_failure=14:UInt32Value
package envoy.config.core.v3
  ConfigSource: ads=3:AggregatedConfigSource initial_fetch_timeout=4:Duration resource_api_version=6:ApiVersion
  AggregatedConfigSource:
  Address: socket_address=1:SocketAddress pipe=2:Pipe
  SocketAddress: address=2 port_value=3:uint32
  Pipe: path=1
  Metadata: filter_metadata=1:Struct{}
  Locality: region=1 zone=2 sub_zone=3
  HttpProtocolOptions: idle_timeout=1:Duration max_requests_per_connection=6:UInt32Value max_connection_duration=3:Duration
  Http1ProtocolOptions: allow_absolute_url=1:BoolValue accept_http_10=2:bool
  HeaderValue: key=1 value=2
  HeaderValueOption: header=1:HeaderValue append_action=3:HeaderValueOption.HeaderAppendAction
  DataSource: inline_string=3
  SubstitutionFormatString: text_format_source=5:DataSource
  RuntimeFractionalPercent: default_value=1:FractionalPercent runtime_key=2
  TypedExtensionConfig: name=1 typed_config=2:Any
package envoy.config.endpoint.v3
  ClusterLoadAssignment: cluster_name=1 endpoints=2:LocalityLbEndpoints[]
  LocalityLbEndpoints: locality=1:Locality lb_endpoints=2:LbEndpoint[] load_balancing_weight=3:UInt32Value
  LbEndpoint: endpoint=1:Endpoint health_status=2:HealthStatus metadata=3:Metadata load_balancing_weight=4:UInt32Value
  Endpoint: address=1:Address health_check_config=2:Endpoint.HealthCheckConfig
  Endpoint.HealthCheckConfig:
package envoy.config.listener.v3
  Listener: name=1 address=2:Address additional_addresses=33:AdditionalAddress[] filter_chains=3:FilterChain[] traffic_direction=16:TrafficDirection bind_to_port=26:BoolValue
  AdditionalAddress: address=1:Address
  FilterChain: filter_chain_match=1:FilterChainMatch filters=3:Filter[] name=7
  FilterChainMatch: destination_port=8:UInt32Value
  Filter: name=1 typed_config=4:Any
package envoy.config.accesslog.v3
  AccessLog: name=1 typed_config=4:Any
package envoy.extensions.access_loggers.file.v3
  FileAccessLog: path=1 log_format=5:SubstitutionFormatString
package envoy.extensions.filters.network.http_connection_manager.v3
  HttpConnectionManager: codec_type=1:HttpConnectionManager.CodecType stat_prefix=2 rds=3:Rds route_config=4:RouteConfiguration scoped_routes=31:ScopedRoutes http_filters=5:HttpFilter[] server_name=10 use_remote_address=14:BoolValue access_log=13:AccessLog[] forward_client_cert_details=16:HttpConnectionManager.ForwardClientCertDetails http_protocol_options=8:Http1ProtocolOptions stream_idle_timeout=24:Duration upgrade_configs=23:HttpConnectionManager.UpgradeConfig[] normalize_path=30:BoolValue path_with_escaped_slashes_action=45:HttpConnectionManager.PathWithEscapedSlashesAction early_header_mutation_extensions=52:TypedExtensionConfig[] request_id_extension=36:RequestIDExtension
  HttpConnectionManager.UpgradeConfig: upgrade_type=1
  Rds: config_source=1:ConfigSource route_config_name=2
  HttpFilter: name=1 typed_config=4:Any
  RequestIDExtension: typed_config=1:Any
  ScopedRoutes: name=1 scope_key_builder=2:ScopedRoutes.ScopeKeyBuilder rds_config_source=3:ConfigSource scoped_rds=5:ScopedRds
  ScopedRoutes.ScopeKeyBuilder: fragments=1:ScopedRoutes.ScopeKeyBuilder.FragmentBuilder[]
  ScopedRoutes.ScopeKeyBuilder.FragmentBuilder: header_value_extractor=1:ScopedRoutes.ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor
  ScopedRoutes.ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor: name=1 element_separator=2 index=3:uint32
  ScopedRds: scoped_rds_config_source=1:ConfigSource
package envoy.config.route.v3
  ScopedRouteConfiguration: name=1 route_configuration_name=2 key=3:ScopedRouteConfiguration.Key
  ScopedRouteConfiguration.Key: fragments=1:ScopedRouteConfiguration.Key.Fragment[]
  ScopedRouteConfiguration.Key.Fragment: string_key=1
package envoy.extensions.filters.network.tcp_proxy.v3
  TcpProxy: stat_prefix=1 cluster=2 access_log=5:AccessLog[]
package envoy.extensions.filters.http.fault.v3
  HTTPFault: delay=1:FaultDelay abort=2:FaultAbort
package envoy.extensions.filters.common.fault.v3
  FaultDelay: fixed_delay=3:Duration percentage=4:FractionalPercent
package envoy.extensions.filters.http.fault.v3
  FaultAbort: http_status=2:uint32 percentage=3:FractionalPercent
package envoy.extensions.filters.http.cors.v3
  Cors:
package envoy.extensions.filters.http.router.v3
  Router:
package envoy.extensions.filters.http.header_mutation.v3
  HeaderMutation: mutations=1:Mutations
  Mutations: request_mutations=1:envoy.config.common.mutation_rules.v3.HeaderMutation[]
package envoy.extensions.http.early_header_mutation.header_mutation.v3
  HeaderMutation: mutations=1:envoy.config.common.mutation_rules.v3.HeaderMutation[]
package envoy.config.common.mutation_rules.v3
  HeaderMutation: remove=1 append=2:HeaderValueOption
package envoy.extensions.request_id.uuid.v3
  UuidRequestIdConfig: pack_trace_reason=1:BoolValue use_request_id_for_trace_sampling=2:BoolValue
package envoy.extensions.retry.host.previous_hosts.v3
  PreviousHostsPredicate:
package envoy.extensions.upstreams.http.v3
  HttpProtocolOptions: common_http_protocol_options=1:envoy.config.core.v3.HttpProtocolOptions explicit_http_config=3:HttpProtocolOptions.ExplicitHttpConfig
  HttpProtocolOptions.ExplicitHttpConfig: http_protocol_options=1:Http1ProtocolOptions
package envoy.config.route.v3
  RouteConfiguration: name=1 virtual_hosts=2:VirtualHost[] validate_clusters=7:BoolValue max_direct_response_body_size_bytes=11:UInt32Value ignore_port_in_host_matching=14:bool
  VirtualHost: name=1 domains=2:string[] routes=3:Route[] include_request_attempt_count=14:bool
  Route: match=1:RouteMatch route=2:RouteAction redirect=3:RedirectAction direct_response=7:DirectResponseAction metadata=4:Metadata decorator=5:Decorator typed_per_filter_config=13:Any{} request_headers_to_add=9:HeaderValueOption[] request_headers_to_remove=12:string[] response_headers_to_add=10:HeaderValueOption[] response_headers_to_remove=11:string[] name=14 stat_prefix=19
  Decorator: operation=1
  RouteMatch: prefix=1 path=2 safe_regex=10:RegexMatcher path_separated_prefix=14 case_sensitive=4:BoolValue headers=6:HeaderMatcher[] query_parameters=7:QueryParameterMatcher[]
  HeaderMatcher: name=1 string_match=13:StringMatcher present_match=7:bool invert_match=8:bool
  QueryParameterMatcher: name=1 string_match=5:StringMatcher present_match=6:bool
  RouteAction: cluster=1 weighted_clusters=3:WeightedCluster cluster_not_found_response_code=20:RouteAction.ClusterNotFoundResponseCode prefix_rewrite=5 regex_rewrite=32:RegexMatchAndSubstitute host_rewrite_literal=6 timeout=8:Duration retry_policy=9:RetryPolicy request_mirror_policies=30:RouteAction.RequestMirrorPolicy[] max_grpc_timeout=23:Duration idle_timeout=24:Duration
  RouteAction.RequestMirrorPolicy: cluster=1 runtime_fraction=3:RuntimeFractionalPercent
  WeightedCluster: clusters=1:WeightedCluster.ClusterWeight[]
  WeightedCluster.ClusterWeight: name=1 weight=2:UInt32Value request_headers_to_add=4:HeaderValueOption[] request_headers_to_remove=9:string[] response_headers_to_add=5:HeaderValueOption[] response_headers_to_remove=6:string[]
  RetryPolicy: retry_on=1 num_retries=2:UInt32Value per_try_timeout=3:Duration retry_host_predicate=5:RetryPolicy.RetryHostPredicate[] host_selection_retry_max_attempts=6:int64 retriable_status_codes=7:uint32[]
  RetryPolicy.RetryHostPredicate: name=1 typed_config=3:Any
  RedirectAction: host_redirect=1 path_redirect=2 prefix_rewrite=5 port_redirect=8:uint32 scheme_redirect=7 response_code=3:RedirectAction.RedirectResponseCode
  DirectResponseAction: status=1:uint32 body=2:DataSource
package envoy.type.v3
  Percent: value=1:double
  FractionalPercent: numerator=1:uint32 denominator=2:FractionalPercent.DenominatorType
package envoy.type.matcher.v3
  StringMatcher: exact=1 prefix=2 suffix=3 safe_regex=5:RegexMatcher ignore_case=6:bool
  RegexMatcher: regex=2
  RegexMatchAndSubstitute: pattern=1:RegexMatcher substitution=2
package envoy.config.cluster.v3
  enum Cluster.DiscoveryType: STATIC=0 STRICT_DNS=1 LOGICAL_DNS=2 EDS=3 ORIGINAL_DST=4
  enum Cluster.LbPolicy: ROUND_ROBIN=0 LEAST_REQUEST=1 RING_HASH=2 RANDOM=3 MAGLEV=5 CLUSTER_PROVIDED=6 LOAD_BALANCING_POLICY_CONFIG=7
package envoy.config.core.v3
  enum RoutingPriority: DEFAULT=0 HIGH=1
  enum ApiVersion: AUTO=0 V2=1 V3=2
  enum HeaderValueOption.HeaderAppendAction: APPEND_IF_EXISTS_OR_ADD=0 ADD_IF_ABSENT=1 OVERWRITE_IF_EXISTS_OR_ADD=2 OVERWRITE_IF_EXISTS=3
  enum HealthStatus: UNKNOWN=0 HEALTHY=1 UNHEALTHY=2 DRAINING=3 TIMEOUT=4 DEGRADED=5
  enum TrafficDirection: UNSPECIFIED=0 INBOUND=1 OUTBOUND=2
package envoy.extensions.filters.network.http_connection_manager.v3
  enum HttpConnectionManager.CodecType: AUTO=0 HTTP1=1 HTTP2=2 HTTP3=3
  enum HttpConnectionManager.ForwardClientCertDetails: SANITIZE=0 FORWARD_ONLY=1 APPEND_FORWARD=2 SANITIZE_SET=3 ALWAYS_FORWARD_ONLY=4
  enum HttpConnectionManager.PathWithEscapedSlashesAction: IMPLEMENTATION_SPECIFIC_DEFAULT=0 KEEP_UNCHANGED=1 REJECT_REQUEST=2 UNESCAPE_AND_REDIRECT=3 UNESCAPE_AND_FORWARD=4
package envoy.config.route.v3
  enum RouteAction.ClusterNotFoundResponseCode: SERVICE_UNAVAILABLE=0 NOT_FOUND=1 INTERNAL_SERVER_ERROR=2
  enum RedirectAction.RedirectResponseCode: MOVED_PERMANENTLY=0 FOUND=1 SEE_OTHER=2 TEMPORARY_REDIRECT=3 PERMANENT_REDIRECT=4
package envoy.type.v3
  enum FractionalPercent.DenominatorType: HUNDRED=0 TEN_THOUSAND=1 MILLION=2
`;
