/**
 * Fields of the Istio kinds the mesh understands, in the notation of kubernetes-types.ts;
 * `field!` is required. From https://istio.io/latest/docs/reference/config/networking/.
 * As in Istio's CRDs, every list has one owner.
 */
export const ISTIO_TYPES = String.raw`
VirtualServiceSpec hosts:[string] gateways:[string] http:[HTTPRoute] tls:[TLSRoute] tcp:[TCPRoute] exportTo:[string]
HTTPRoute name:string match:[HTTPMatchRequest] route:[HTTPRouteDestination] redirect:HTTPRedirect directResponse:HTTPDirectResponse delegate:Delegate rewrite:HTTPRewrite timeout:string retries:HTTPRetry fault:HTTPFaultInjection mirror:Destination mirrors:[HTTPMirrorPolicy] mirrorPercent:int32 mirror_percent:int32 mirrorPercentage:Percent corsPolicy:CorsPolicy headers:RouteHeaders
HTTPMatchRequest name:string uri:StringMatch scheme:StringMatch method:StringMatch authority:StringMatch headers:{StringMatch} port:int32 sourceLabels:{string} gateways:[string] queryParams:{StringMatch} ignoreUriCase:bool withoutHeaders:{StringMatch} sourceNamespace:string statPrefix:string
StringMatch exact:string prefix:string regex:string
HTTPRouteDestination destination!:Destination weight:int32 headers:RouteHeaders
RouteDestination destination!:Destination weight:int32
Destination host!:string subset:string port:PortSelector
PortSelector number:int32
RouteHeaders request:HeaderOperations response:HeaderOperations
HeaderOperations set:{string} add:{string} remove:[string]
HTTPRedirect uri:string authority:string port:int32 derivePort:string scheme:string redirectCode:int32
HTTPDirectResponse status!:int32 body:HTTPBody
HTTPBody string:string bytes:string
Delegate name:string namespace:string
HTTPRewrite uri:string authority:string uriRegexRewrite:RegexRewrite
RegexRewrite match:string rewrite:string
HTTPRetry attempts:int32 perTryTimeout:string retryOn:string retryRemoteLocalities:bool retryIgnorePreviousHosts:bool backoff:string
HTTPFaultInjection delay:FaultDelay abort:FaultAbort
FaultDelay percent:int32 fixedDelay:string exponentialDelay:string percentage:Percent
FaultAbort httpStatus:int32 grpcStatus:string http2Error:string percentage:Percent
Percent value:double
HTTPMirrorPolicy destination!:Destination percentage:Percent
CorsPolicy allowOrigin:[string] allowOrigins:[StringMatch] allowMethods:[string] allowHeaders:[string] exposeHeaders:[string] maxAge:string allowCredentials:bool unmatchedPreflights:string
TLSRoute match!:[TLSMatchAttributes] route:[RouteDestination]
TLSMatchAttributes sniHosts!:[string] destinationSubnets:[string] port:int32 sourceLabels:{string} gateways:[string] sourceNamespace:string
TCPRoute match:[L4MatchAttributes] route:[RouteDestination]
L4MatchAttributes destinationSubnets:[string] port:int32 sourceSubnet:string sourceLabels:{string} gateways:[string] sourceNamespace:string
DestinationRuleSpec host!:string trafficPolicy:TrafficPolicy subsets:[Subset] exportTo:[string] workloadSelector:MatchLabelsSelector
MatchLabelsSelector matchLabels:{string}
Subset name!:string labels:{string} trafficPolicy:TrafficPolicy
TrafficPolicy loadBalancer:LoadBalancerSettings connectionPool:ConnectionPoolSettings outlierDetection:OutlierDetection tls:ClientTLSSettings portLevelSettings:[PortTrafficPolicy] tunnel:any proxyProtocol:any retryBudget:any
PortTrafficPolicy port:PortSelector loadBalancer:LoadBalancerSettings connectionPool:ConnectionPoolSettings outlierDetection:OutlierDetection tls:ClientTLSSettings
LoadBalancerSettings simple:string consistentHash:any localityLbSetting:any warmupDurationSecs:string warmup:any
ConnectionPoolSettings tcp:TCPSettings http:HTTPSettings
TCPSettings maxConnections:int32 connectTimeout:string tcpKeepalive:any maxConnectionDuration:string idleTimeout:string
HTTPSettings http1MaxPendingRequests:int32 http2MaxRequests:int32 maxRequestsPerConnection:int32 maxRetries:int32 idleTimeout:string h2UpgradePolicy:string useClientProtocol:bool maxConcurrentStreams:int32
OutlierDetection consecutiveErrors:int32 splitExternalLocalOriginErrors:bool consecutiveLocalOriginFailures:int32 consecutiveGatewayErrors:int32 consecutive5xxErrors:int32 interval:string baseEjectionTime:string maxEjectionPercent:int32 minHealthPercent:int32
ClientTLSSettings mode:string clientCertificate:string privateKey:string caCertificates:string credentialName:string subjectAltNames:[string] sni:string insecureSkipVerify:bool caCrl:string
GatewaySpec servers:[GatewayServer] selector:{string}
GatewayServer port!:GatewayPort bind:string hosts!:[string] tls:any defaultEndpoint:string name:string
GatewayPort number!:int32 protocol!:string name!:string targetPort:int32
SidecarSpec workloadSelector:SidecarWorkloadSelector ingress:[IstioIngressListener] egress:[IstioEgressListener] inboundConnectionPool:ConnectionPoolSettings outboundTrafficPolicy:any
SidecarWorkloadSelector labels:{string}
IstioIngressListener port!:SidecarPort bind:string captureMode:string defaultEndpoint:string tls:any connectionPool:ConnectionPoolSettings
IstioEgressListener port:SidecarPort bind:string captureMode:string hosts!:[string]
SidecarPort number:int32 protocol:string name:string targetPort:int32
ServiceEntrySpec hosts!:[string] addresses:[string] ports:[GatewayPort] location:string resolution:string endpoints:any workloadSelector:SidecarWorkloadSelector exportTo:[string] subjectAltNames:[string]
`;
