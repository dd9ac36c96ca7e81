import {
  HTTP_OPTIONS,
  type ClusterJson,
  type HttpOptionsJson,
  type IstioClusterMetadata,
  type OutlierDetectionJson,
} from '../xds-types.ts';
import { formatDuration, parseDurationMs } from './durations.ts';
import type {
  DestinationRuleObject,
  DestinationRuleSpec,
  PolicyOfPorts,
  TrafficPolicy,
} from './istio-objects.ts';
import {
  byAge,
  covers,
  isVisibleTo,
  labelsMatch,
  namespaceOf,
  resolveHost,
  ROOT_NAMESPACE,
} from './istio-objects.ts';
import type { MeshService } from './services.ts';

/** `outbound|8080|v2|coffee-shop.default.svc.cluster.local`; the base cluster's subset is empty. */
export function clusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** What the DestinationRules visible to a proxy say about one host, merged. */
export interface HostPolicy {
  /** The first rule, which names itself in the clusters' metadata. */
  rule: DestinationRuleObject;
  trafficPolicy: PolicyOfPorts | undefined;
  subsets: NonNullable<DestinationRuleSpec['subsets']>;
}

/**
 * Rules of the proxy's namespace win over those of the service's namespace, which win over the root
 * namespace's. Rules in one namespace merge: the first traffic policy wins, and the first subset of a name.
 */
export function hostPolicy(
  service: MeshService,
  rules: DestinationRuleObject[],
  proxyNamespace: string,
  proxyLabels: Record<string, string> = {},
): HostPolicy | undefined {
  const visible = rules
    .filter((rule) => covers(hostOf(rule), service.host))
    .filter((rule) => isVisibleTo(rule.spec?.exportTo, namespaceOf(rule), proxyNamespace))
    .sort(byAge);
  const selects = ({ spec }: DestinationRuleObject) => spec?.workloadSelector !== undefined;
  const isPrivate = (rule: DestinationRuleObject) => rule.spec?.exportTo?.join() === '.';
  const candidates = [
    // A rule with a selector is for workloads of its own namespace only.
    visible.filter(
      (rule) =>
        selects(rule) &&
        namespaceOf(rule) === proxyNamespace &&
        labelsMatch(rule.spec?.workloadSelector?.matchLabels, proxyLabels),
    ),
    // Rules of the root namespace are for all namespaces: there only private ones come before the Service's
    // own.
    visible.filter(
      (rule) =>
        !selects(rule) &&
        namespaceOf(rule) === proxyNamespace &&
        (proxyNamespace !== ROOT_NAMESPACE || isPrivate(rule)),
    ),
    ...[service.namespace, ROOT_NAMESPACE].map((namespace) =>
      visible.filter((rule) => !selects(rule) && namespaceOf(rule) === namespace),
    ),
  ];
  for (const candidate of candidates) {
    const own = mostSpecific(candidate);
    const [first] = own;
    if (first === undefined) continue;
    const subsets = new Map<string, HostPolicy['subsets'][number]>();
    for (const subset of own.flatMap((rule) => rule.spec?.subsets ?? [])) {
      if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
    }
    const trafficPolicy = own.find((rule) => rule.spec?.trafficPolicy !== undefined)?.spec?.trafficPolicy;
    return { rule: first, trafficPolicy, subsets: [...subsets.values()] };
  }
  return undefined;
}

function hostOf(rule: DestinationRuleObject): string {
  return resolveHost(rule.spec?.host ?? '', namespaceOf(rule));
}

/** A rule for the host itself wins over one for `*.example.com`, and that over one for `*.com`. */
function mostSpecific(rules: DestinationRuleObject[]): DestinationRuleObject[] {
  const rank = (rule: DestinationRuleObject) =>
    hostOf(rule).startsWith('*') ? hostOf(rule).length : Infinity;
  const best = Math.max(...rules.map(rank));
  return rules.filter((rule) => rank(rule) === best);
}

/** The base cluster of every port and one cluster for each subset. */
export function outboundClusters(service: MeshService, policy: HostPolicy | undefined): ClusterJson[] {
  return service.ports.flatMap((port) => [
    cluster(service, port.number, policy, undefined),
    ...(policy?.subsets ?? []).map((subset) => cluster(service, port.number, policy, subset)),
  ]);
}

function cluster(
  service: MeshService,
  port: number,
  policy: HostPolicy | undefined,
  subset: HostPolicy['subsets'][number] | undefined,
): ClusterJson {
  const name = clusterName(port, subset?.name ?? '', service.host);
  const traffic = overridden(overridden({}, policy?.trafficPolicy, port), subset?.trafficPolicy, port);
  const istio: IstioClusterMetadata = {
    services: [{ host: service.host, name: service.name, namespace: service.namespace }],
  };
  if (policy !== undefined) {
    const { namespace = 'default', name: rule } = policy.rule.metadata;
    istio.config = `/apis/networking.istio.io/v1/namespaces/${namespace}/destination-rule/${rule}`;
  }
  if (subset !== undefined) istio.subset = subset.name;
  const result: ClusterJson = {
    name,
    type: 'EDS',
    eds_cluster_config: {
      eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      service_name: name,
    },
    connect_timeout: formatDuration(
      parseDurationMs(traffic.connectionPool?.tcp?.connectTimeout ?? '10s') ?? 10_000,
    ),
  };
  const balance = loadBalancing(traffic);
  if (balance !== undefined) result.lb_policy = balance;
  if (traffic.outlierDetection !== undefined)
    result.outlier_detection = outlierDetection(traffic.outlierDetection);
  const options = httpOptions(traffic.connectionPool?.http);
  if (options !== undefined) result.typed_extension_protocol_options = { [HTTP_OPTIONS]: options };
  return {
    ...result,
    circuit_breakers: { thresholds: [thresholds(traffic)] },
    metadata: { filter_metadata: { istio } },
    // 0 %: never send to unhealthy hosts because too many are.
    common_lb_config: { healthy_panic_threshold: {} },
    alt_stat_name: `${name};`,
  };
}

/**
 * A subset's policy replaces the host's, part by part; a port's
 * replaces both, and what it leaves out has Envoy's default.
 */
function overridden(base: TrafficPolicy, by: PolicyOfPorts | undefined, port: number): TrafficPolicy {
  if (by === undefined) return base;
  const { portLevelSettings = [], ...rest } = by;
  return portLevelSettings.find((one) => one.port?.number === port) ?? { ...base, ...rest };
}

/** How long a connection lives: what a rule leaves out has Envoy's default. */
function httpOptions(
  http: NonNullable<TrafficPolicy['connectionPool']>['http'],
): HttpOptionsJson | undefined {
  const idleMs = parseDurationMs(http?.idleTimeout ?? '');
  const requests = http?.maxRequestsPerConnection ?? 0;
  if (idleMs === undefined && requests === 0) return undefined;
  return {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    common_http_protocol_options: {
      ...(idleMs === undefined ? {} : { idle_timeout: formatDuration(idleMs) }),
      ...(requests === 0 ? {} : { max_requests_per_connection: requests }),
    },
    explicit_http_config: { http_protocol_options: {} },
  };
}

/** Success rates are never enforced, as istiod says it; what a rule leaves out has Envoy's default. */
function outlierDetection(rule: NonNullable<TrafficPolicy['outlierDetection']>): OutlierDetectionJson {
  const { consecutive5xxErrors: errors, consecutiveGatewayErrors: gatewayErrors } = rule;
  const { interval, baseEjectionTime, maxEjectionPercent = 0 } = rule;
  const duration = (text: string) => formatDuration(parseDurationMs(text) ?? 0);
  return {
    ...(errors === undefined
      ? {}
      : { consecutive_5xx: errors, enforcing_consecutive_5xx: errors > 0 ? 100 : 0 }),
    ...(gatewayErrors === undefined
      ? {}
      : {
          consecutive_gateway_failure: gatewayErrors,
          enforcing_consecutive_gateway_failure: gatewayErrors > 0 ? 100 : 0,
        }),
    ...(interval === undefined ? {} : { interval: duration(interval) }),
    ...(baseEjectionTime === undefined ? {} : { base_ejection_time: duration(baseEjectionTime) }),
    ...(maxEjectionPercent > 0 ? { max_ejection_percent: maxEjectionPercent } : {}),
    enforcing_success_rate: 0,
  };
}

/** ROUND_ROBIN is the enum's zero value, so it is left out. */
function loadBalancing(traffic: TrafficPolicy): ClusterJson['lb_policy'] {
  switch (traffic.loadBalancer?.simple) {
    case 'ROUND_ROBIN':
      return undefined;
    case 'RANDOM':
      return 'RANDOM';
    default:
      return 'LEAST_REQUEST';
  }
}

const NO_LIMIT = 4_294_967_295;

function thresholds(traffic: TrafficPolicy) {
  const pool = traffic.connectionPool;
  // 0 is the same as nothing.
  const limit = (value = 0) => (value > 0 ? value : NO_LIMIT);
  return {
    max_connections: limit(pool?.tcp?.maxConnections),
    max_pending_requests: limit(pool?.http?.http1MaxPendingRequests),
    max_requests: limit(pool?.http?.http2MaxRequests),
    max_retries: limit(pool?.http?.maxRetries),
  };
}

/** Where a sidecar sends what no Service answers to, and where nothing comes back from. */
export const PASSTHROUGH_CLUSTER: ClusterJson = {
  name: 'PassthroughCluster',
  type: 'ORIGINAL_DST',
  connect_timeout: '10s',
  lb_policy: 'CLUSTER_PROVIDED',
};
export const BLACK_HOLE_CLUSTER: ClusterJson = {
  name: 'BlackHoleCluster',
  type: 'STATIC',
  connect_timeout: '10s',
};
