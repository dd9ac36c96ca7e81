import { isObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import type { KubeObject } from '../../../storage/types.ts';

/** Something of the mesh's API that is stored here and that no proxy is told of. */
export interface NotFollowed {
  kind: string;
  /** Below `spec`, `[]` for each of a list; none: the whole kind. */
  field?: string;
  /** Only these values; default: whenever the field is there. */
  when?: (value: unknown) => boolean;
  /** What holds instead. */
  instead: string;
}

const NO_TLS = 'connections between proxies are plain';
const ONLY_HTTP = 'only HTTP reaches a proxy';
/** Where a policy may stand. */
const PLACES = ['', 'subsets[].'].flatMap((owner) => [
  `${owner}trafficPolicy`,
  `${owner}trafficPolicy.portLevelSettings[]`,
]);

const isAnyOf =
  (...values: string[]) =>
  (value: unknown) =>
    values.includes(String(value).toUpperCase());

/** What a traffic policy, of a rule or of a subset, says in vain. */
const POLICY_FIELDS: Omit<NotFollowed, 'kind'>[] = [
  {
    field: 'loadBalancer.simple',
    when: isAnyOf('PASSTHROUGH'),
    instead: 'PASSTHROUGH is taken for LEAST_REQUEST',
  },
  { field: 'loadBalancer.consistentHash', instead: 'requests go to any endpoint' },
  { field: 'loadBalancer.localityLbSetting', instead: 'there is one locality' },
  { field: 'loadBalancer.warmup', instead: 'new endpoints get their full share at once' },
  { field: 'loadBalancer.warmupDurationSecs', instead: 'new endpoints get their full share at once' },
  { field: 'connectionPool.tcp.tcpKeepalive', instead: 'the defaults of the system hold' },
  { field: 'connectionPool.tcp.maxConnectionDuration', instead: 'connections last' },
  { field: 'connectionPool.tcp.idleTimeout', instead: ONLY_HTTP },
  { field: 'connectionPool.http.h2UpgradePolicy', instead: 'HTTP/1.1 is spoken' },
  { field: 'connectionPool.http.useClientProtocol', instead: 'HTTP/1.1 is spoken' },
  { field: 'connectionPool.http.maxConcurrentStreams', instead: 'HTTP/1.1 is spoken' },
  { field: 'outlierDetection.consecutiveErrors', instead: 'consecutive5xxErrors counts' },
  { field: 'outlierDetection.splitExternalLocalOriginErrors', instead: 'consecutive5xxErrors counts' },
  { field: 'outlierDetection.consecutiveLocalOriginFailures', instead: 'consecutive5xxErrors counts' },
  { field: 'outlierDetection.minHealthPercent', instead: 'it is 0' },
  { field: 'tls', when: (value) => isObject(value) && value['mode'] !== 'DISABLE', instead: NO_TLS },
  { field: 'tunnel', instead: ONLY_HTTP },
  { field: 'proxyProtocol', instead: ONLY_HTTP },
  { field: 'retryBudget', instead: 'connectionPool.http.maxRetries holds' },
];

/** Everything there is of this; mesh/docs/not-followed.md shows it, and a test holds them together. */
export const NOT_FOLLOWED: NotFollowed[] = [
  { kind: 'VirtualService', field: 'tcp', instead: ONLY_HTTP },
  { kind: 'VirtualService', field: 'tls', instead: ONLY_HTTP },
  { kind: 'VirtualService', field: 'http[].corsPolicy', instead: 'answers get no CORS headers' },
  { kind: 'VirtualService', field: 'http[].mirrorPercent', instead: 'mirrorPercentage counts' },
  { kind: 'VirtualService', field: 'http[].mirror_percent', instead: 'mirrorPercentage counts' },
  { kind: 'VirtualService', field: 'http[].directResponse.body.bytes', instead: 'body.string counts' },
  { kind: 'VirtualService', field: 'http[].retries.backoff', instead: 'the first pause is up to 25 ms' },
  { kind: 'VirtualService', field: 'http[].retries.retryRemoteLocalities', instead: 'there is one locality' },
  { kind: 'VirtualService', field: 'http[].fault.delay.exponentialDelay', instead: 'fixedDelay counts' },
  { kind: 'VirtualService', field: 'http[].fault.abort.grpcStatus', instead: 'httpStatus counts' },
  { kind: 'VirtualService', field: 'http[].fault.abort.http2Error', instead: 'httpStatus counts' },
  {
    kind: 'VirtualService',
    field: 'http[].match[].statPrefix',
    instead: 'its counters are there with real Envoys only',
  },
  ...POLICY_FIELDS.flatMap(({ field = '', ...rest }) =>
    PLACES.map((place) => ({
      kind: 'DestinationRule',
      field: `${place}.${field}`,
      ...rest,
    })),
  ),
  {
    kind: 'Gateway',
    field: 'servers[].port.protocol',
    when: (value) => !isAnyOf('HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB')(value),
    instead: 'only HTTP servers are opened',
  },
  { kind: 'Gateway', field: 'servers[].tls', instead: 'the gateway speaks plain HTTP' },
  { kind: 'Gateway', field: 'servers[].bind', instead: 'the address of the gateway is bound' },
  { kind: 'Gateway', field: 'servers[].defaultEndpoint', instead: 'a VirtualService leads requests' },
  { kind: 'Sidecar', field: 'ingress', instead: 'every port of the pod is served' },
  { kind: 'Sidecar', field: 'inboundConnectionPool', instead: 'calls into a pod have no limits' },
  { kind: 'Sidecar', field: 'egress[].bind', instead: 'calls leave by port 15001' },
  { kind: 'Sidecar', field: 'egress[].captureMode', instead: 'calls leave by port 15001' },
  { kind: 'Gateway', field: 'listeners[].tls', instead: 'the gateway speaks plain HTTP' },
  { kind: 'Gateway', field: 'infrastructure', instead: 'the one gateway pod serves every Gateway' },
  { kind: 'HTTPRoute', field: 'rules[].filters[].cors', instead: 'answers get no CORS headers' },
  { kind: 'HTTPRoute', field: 'rules[].sessionPersistence', instead: 'requests go to any endpoint' },
  { kind: 'HTTPRoute', field: 'rules[].retry.backoff', instead: 'the first pause is up to 25 ms' },
  { kind: 'EnvoyFilter', instead: 'no configuration is patched' },
  { kind: 'ProxyConfig', instead: 'proxies have the defaults of Istio' },
  { kind: 'ServiceEntry', instead: 'the mesh knows the Services of the cluster' },
  { kind: 'WorkloadEntry', instead: 'the mesh knows the pods of the cluster' },
  { kind: 'WorkloadGroup', instead: 'the mesh knows the pods of the cluster' },
  { kind: 'AuthorizationPolicy', instead: 'every caller is let in' },
  { kind: 'PeerAuthentication', instead: NO_TLS },
  { kind: 'RequestAuthentication', instead: 'no token is looked at' },
];

/**
 * API groups of which nothing is followed, but for `FOLLOWED`; their kinds come with
 * CustomResourceDefinitions.
 */
export const GROUPS_NOT_FOLLOWED: Record<string, string> = {
  'gateway.networking.k8s.io': 'only Gateways and HTTPRoutes reach a proxy',
  'telemetry.istio.io': 'metrics and access logs are as by default',
  'extensions.istio.io': 'nothing is loaded into a proxy',
};

/** What is followed of such a group. */
const FOLLOWED: Record<string, readonly string[]> = {
  'gateway.networking.k8s.io': ['Gateway', 'GatewayClass', 'HTTPRoute', 'ReferenceGrant'],
};

const GROUPS = ['networking.istio.io', 'security.istio.io', 'gateway.networking.k8s.io'];

/**
 * The Warning headers of a write that stored what this playground's mesh does not follow: one for each
 * field, naming the first place it is at.
 */
export function notFollowedWarnings(type: ResourceType, object: KubeObject): string[] {
  const ofGroup = GROUPS_NOT_FOLLOWED[type.group];
  if (ofGroup !== undefined && FOLLOWED[type.group]?.includes(type.kind) !== true)
    return [sentence(type.kind, ofGroup)];
  if (!GROUPS.includes(type.group)) return [];
  return NOT_FOLLOWED.filter(({ kind }) => kind === type.kind).flatMap(({ field, when, instead }) => {
    if (field === undefined) return [sentence(type.kind, instead)];
    const [first, ...more] = places(object.spec, field.split('.'), 'spec').filter(
      ({ value }) => when?.(value) ?? true,
    );
    if (first === undefined) return [];
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    return [sentence(`${first.path}${others}`, instead)];
  });
}

const sentence = (what: string, instead: string): string =>
  `${what}: this playground stores it and does not follow it: ${instead}`;

/** Every place of the object that a path leads to and that holds something. */
function places(value: unknown, steps: string[], path: string): { path: string; value: unknown }[] {
  const [step, ...rest] = steps;
  if (value === undefined || value === null) return [];
  if (step === undefined) return [{ path, value }];
  if (!isObject(value)) return [];
  const name = step.replace('[]', '');
  const field = value[name];
  if (name === step) return places(field, rest, `${path}.${name}`);
  if (!Array.isArray(field)) return [];
  return field.flatMap((one, index) => places(one, rest, `${path}.${name}[${index}]`));
}
