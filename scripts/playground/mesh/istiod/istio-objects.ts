/**
 * The parts of Kubernetes' and Istio's objects that istiod reads.
 * https://istio.io/latest/docs/reference/config/networking/
 */
import type { KubeObject } from '../../storage/types.ts';
import type { GatewayApiState } from '../gateway-api/objects.ts';

export interface ServiceSpec {
  clusterIP?: string;
  type?: string;
  selector?: Record<string, string>;
  ports?: {
    name?: string;
    port: number;
    targetPort?: number | string;
    protocol?: string;
    appProtocol?: string;
  }[];
}
export type ServiceObject = KubeObject<ServiceSpec>;

export interface EndpointSliceObject extends KubeObject {
  endpoints?: {
    addresses: string[];
    conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null };
    targetRef?: { kind?: string; name?: string; namespace?: string };
  }[];
  ports?: { name?: string; port?: number }[];
}

export interface PodSpec {
  serviceAccountName?: string;
  nodeName?: string;
}
export type PodObject = KubeObject<PodSpec, { podIP?: string; phase?: string }>;

export interface GatewaySpec {
  selector?: Record<string, string>;
  servers?: { port: { number: number; name?: string; protocol: string }; hosts: string[] }[];
}
export type GatewayObject = KubeObject<GatewaySpec>;

export interface StringMatch {
  exact?: string;
  prefix?: string;
  regex?: string;
}

export interface HttpMatch {
  name?: string;
  uri?: StringMatch;
  ignoreUriCase?: boolean;
  scheme?: StringMatch;
  method?: StringMatch;
  authority?: StringMatch;
  headers?: Record<string, StringMatch>;
  withoutHeaders?: Record<string, StringMatch>;
  queryParams?: Record<string, StringMatch>;
  port?: number;
  gateways?: string[];
  statPrefix?: string;
  sourceLabels?: Record<string, string>;
  sourceNamespace?: string;
}

export interface Destination {
  /** Of a VirtualService made of an HTTPRoute: `UNKNOWN_BACKEND` where the route may not, or cannot, lead. */
  host: string;
  subset?: string;
  port?: { number?: number };
}

export interface HeaderOperations {
  set?: Record<string, string>;
  add?: Record<string, string>;
  remove?: string[];
}

export interface HttpRetry {
  attempts?: number;
  perTryTimeout?: string;
  retryOn?: string;
  retryIgnorePreviousHosts?: boolean;
}

export interface RouteDestination {
  destination: Destination;
  weight?: number;
  headers?: { request?: HeaderOperations; response?: HeaderOperations };
}

export interface HttpRule {
  name?: string;
  match?: HttpMatch[];
  route?: RouteDestination[];
  redirect?: {
    /** `%PREFIX()%` before it: in place of the matched prefix, by the rules of Gateway API only. */
    uri?: string;
    authority?: string;
    port?: number;
    derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT';
    scheme?: string;
    redirectCode?: number;
  };
  directResponse?: { status: number; body?: { string?: string } };
  /** The VirtualService that has the routes for this. */
  delegate?: { name: string; namespace?: string };
  rewrite?: { uri?: string; uriRegexRewrite?: { match: string; rewrite: string }; authority?: string };
  timeout?: string;
  retries?: HttpRetry;
  fault?: {
    delay?: { fixedDelay?: string; percentage?: { value?: number }; percent?: number };
    abort?: { httpStatus?: number; percentage?: { value?: number } };
  };
  mirror?: Destination;
  mirrorPercentage?: { value?: number };
  mirrors?: { destination: Destination; percentage?: { value?: number } }[];
  headers?: { request?: HeaderOperations; response?: HeaderOperations };
}

export interface VirtualServiceSpec {
  hosts?: string[];
  gateways?: string[];
  http?: HttpRule[];
  exportTo?: string[];
}
export type VirtualServiceObject = KubeObject<VirtualServiceSpec>;

export interface TrafficPolicy {
  outlierDetection?: {
    consecutive5xxErrors?: number;
    consecutiveGatewayErrors?: number;
    interval?: string;
    baseEjectionTime?: string;
    maxEjectionPercent?: number;
  };
  loadBalancer?: { simple?: string };
  connectionPool?: {
    tcp?: { maxConnections?: number; connectTimeout?: string };
    http?: {
      http1MaxPendingRequests?: number;
      http2MaxRequests?: number;
      maxRequestsPerConnection?: number;
      maxRetries?: number;
      idleTimeout?: string;
    };
  };
}

/** What a port has instead of the policy of all ports, as a whole. */
export interface PortPolicy extends TrafficPolicy {
  port?: { number?: number };
}

export type PolicyOfPorts = TrafficPolicy & { portLevelSettings?: PortPolicy[] };

export interface DestinationRuleSpec {
  host?: string;
  trafficPolicy?: PolicyOfPorts;
  subsets?: { name: string; labels?: Record<string, string>; trafficPolicy?: PolicyOfPorts }[];
  workloadSelector?: { matchLabels?: Record<string, string> };
  exportTo?: string[];
}
export type DestinationRuleObject = KubeObject<DestinationRuleSpec>;

export interface SidecarSpec {
  workloadSelector?: { labels?: Record<string, string> };
  egress?: { port?: { number?: number }; hosts?: string[] }[];
  outboundTrafficPolicy?: { mode?: string; egressProxy?: Destination };
}
export type SidecarObject = KubeObject<SidecarSpec>;

/** In the place of a backend that an HTTPRoute may not name: a cluster that no proxy has. */
export const UNKNOWN_BACKEND = 'UnknownService';

/** On VirtualServices and Gateways that istiod made of Gateway API's objects. */
export const GATEWAY_SEMANTICS = {
  route: 'internal.istio.io/route-semantics',
  gateway: 'internal.istio.io/gateway-semantics',
  service: 'internal.istio.io/gateway-service',
  parents: 'internal.istio.io/parents',
} as const;

/** Whether istiod made this VirtualService of an HTTPRoute: other rules hold for what it says. */
export function isOfHttpRoute({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[GATEWAY_SEMANTICS.route] === 'gateway';
}

/** Everything the configuration of every proxy is computed from. */
export interface MeshState {
  services: ServiceObject[];
  endpointSlices: EndpointSliceObject[];
  pods: PodObject[];
  gateways: GatewayObject[];
  virtualServices: VirtualServiceObject[];
  destinationRules: DestinationRuleObject[];
  sidecars: SidecarObject[];
  /** Gateway API's objects, while the cluster has their definitions. */
  gatewayApi?: GatewayApiState;
}

/** Where objects speak for every namespace (`rootNamespace` of the mesh's configuration). */
export const ROOT_NAMESPACE = 'istio-system';

export function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? 'default';
}

/**
 * A name without a dot means a Service in the object's own namespace; anything else is taken as it stands.
 */
export function resolveHost(host: string, namespace: string): string {
  return host.includes('.') || host === '*' ? host : `${host}.${namespace}.svc.cluster.local`;
}

/** Whether every label of the selector is on the object. An empty selector selects everything. */
export function labelsMatch(
  selector: Record<string, string> | undefined,
  labels: Record<string, string> | undefined,
): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** `exportTo`: nothing or `*` is everybody, `.` is the own namespace, `~` nobody. */
export function isVisibleTo(
  exportTo: string[] | undefined,
  ownNamespace: string,
  namespace: string,
): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === namespace || (to === '.' && ownNamespace === namespace));
}

/** Whether a host is of a pattern: `*`, `*.example.com` or the host itself. */
export function covers(pattern: string, host: string): boolean {
  return pattern === '*' || pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));
}

/** Oldest first, as istiod orders objects that say something about the same host. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const left = `${a.metadata.creationTimestamp} ${namespaceOf(a)}/${a.metadata.name}`;
  const right = `${b.metadata.creationTimestamp} ${namespaceOf(b)}/${b.metadata.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
