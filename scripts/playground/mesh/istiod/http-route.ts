import type {
  FaultJson,
  HeaderChangesJson,
  HeaderToAddJson,
  RedirectJson,
  RouteActionJson,
  RouteJson,
  RouteMatchJson,
} from '../xds-types.ts';
import { clusterName } from './clusters.ts';
import { formatDuration, parseDurationMs } from './durations.ts';
import type {
  Destination,
  HeaderOperations,
  HttpMatch,
  HttpRule,
  RouteDestination,
  VirtualServiceObject,
} from './istio-objects.ts';
import { isOfHttpRoute, namespaceOf, resolveHost, UNKNOWN_BACKEND } from './istio-objects.ts';
import { DEFAULT_RETRY_POLICY, retryPolicy } from './retry-policy.ts';
import { isCatchAll, routeMatch } from './route-match.ts';
import type { MeshService } from './services.ts';

/** Where routes are computed for: the port callers use, and the gateways (or `mesh`) the proxy belongs to. */
export interface RouteContext {
  listenPort: number;
  /** `namespace/name` of the Gateways, or `mesh`. */
  gateways: ReadonlySet<string>;
  proxyLabels: Record<string, string>;
  proxyNamespace: string;
  services: ReadonlyMap<string, MeshService>;
}

/** The gateways a VirtualService names, as `namespace/name`; without any it is for the mesh. */
export function gatewayNames(names: string[] | undefined, namespace: string): string[] {
  if (names === undefined || names.length === 0) return ['mesh'];
  return names.map((name) => (name === 'mesh' || name.includes('/') ? name : `${namespace}/${name}`));
}

/** A VirtualService's HTTP rules, in order, up to the first that takes every request. */
export function virtualServiceRoutes(
  virtualService: VirtualServiceObject,
  context: RouteContext,
): RouteJson[] {
  const routes: RouteJson[] = [];
  for (const rule of virtualService.spec?.http ?? []) {
    const matches: (HttpMatch | undefined)[] =
      rule.match === undefined || rule.match.length === 0 ? [undefined] : rule.match;
    for (const match of matches) {
      if (match !== undefined && !appliesHere(match, virtualService, context)) continue;
      const route = httpRoute(rule, match, virtualService, context);
      routes.push(route);
      if (isCatchAll(route.match)) return routes;
    }
  }
  return routes;
}

function appliesHere(match: HttpMatch, virtualService: VirtualServiceObject, context: RouteContext): boolean {
  const gateways =
    match.gateways === undefined ? undefined : gatewayNames(match.gateways, namespaceOf(virtualService));
  if (gateways !== undefined && !gateways.some((gateway) => context.gateways.has(gateway))) return false;
  if (match.port !== undefined && match.port !== context.listenPort) return false;
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== context.proxyNamespace) return false;
  return Object.entries(match.sourceLabels ?? {}).every(
    ([name, value]) => context.proxyLabels[name] === value,
  );
}

function httpRoute(
  rule: HttpRule,
  match: HttpMatch | undefined,
  owner: VirtualServiceObject,
  context: RouteContext,
): RouteJson {
  const namespace = namespaceOf(owner);
  const name =
    rule.name === undefined || match?.name === undefined ? rule.name : `${rule.name}.${match.name}`;
  const ofHttpRoute = isOfHttpRoute(owner);
  const route: RouteJson = { match: routeMatch(match, ofHttpRoute) };
  if (rule.redirect !== undefined) route.redirect = redirect(rule.redirect, context.listenPort);
  else if (rule.directResponse !== undefined) {
    const { status, body } = rule.directResponse;
    route.direct_response =
      body?.string === undefined ? { status } : { status, body: { inline_string: body.string } };
  } else route.route = routeAction(rule, route.match, namespace, context);
  if (ofHttpRoute && route.route !== undefined)
    route.route.cluster_not_found_response_code = 'INTERNAL_SERVER_ERROR';
  route.metadata = {
    filter_metadata: {
      istio: {
        config: `/apis/networking.istio.io/v1/namespaces/${namespace}/virtual-service/${owner.metadata.name}`,
      },
    },
  };
  if (route.route !== undefined || ofHttpRoute)
    route.decorator = { operation: operation(rule, owner, context) };
  const faults = fault(rule.fault);
  if (faults !== undefined) route.typed_per_filter_config = { 'envoy.filters.http.fault': faults };
  Object.assign(route, headerChanges(rule.headers));
  const [only, ...others] = sentDestinations(rule);
  if (others.length === 0) addChanges(route, headerChanges(only?.headers));
  if (name !== undefined) route.name = name;
  if (match?.statPrefix !== undefined) route.stat_prefix = match.statPrefix;
  return route;
}

/** A destination of weight 0 is not sent at all; a single destination has all of it, whatever its weight. */
function sentDestinations({ route = [] }: HttpRule): RouteDestination[] {
  return route.length > 1 ? route.filter((entry) => (entry.weight ?? 0) > 0) : route;
}

function routeAction(
  rule: HttpRule,
  match: RouteMatchJson,
  namespace: string,
  context: RouteContext,
): RouteActionJson {
  const sent = sentDestinations(rule);
  const clusters = sent.map((entry) => ({
    name: destinationCluster(entry.destination, namespace, context),
    weight: entry.weight ?? 0,
    ...(sent.length === 1 ? {} : headerChanges(entry.headers)),
  }));
  const action: RouteActionJson =
    clusters.length === 1 && clusters[0] !== undefined
      ? { cluster: clusters[0].name }
      : { weighted_clusters: { clusters } };
  Object.assign(action, pathRewrite(rule.rewrite, match));
  if (rule.rewrite?.authority !== undefined) action.host_rewrite_literal = rule.rewrite.authority;
  action.timeout = formatDuration(parseDurationMs(rule.timeout ?? '0s') ?? 0);
  const retries = retryPolicy(rule.retries);
  if (retries !== undefined) action.retry_policy = retries;
  const mirrors = [
    ...(rule.mirrors ?? []),
    ...(rule.mirror === undefined ? [] : [{ destination: rule.mirror, percentage: rule.mirrorPercentage }]),
  ];
  if (mirrors.length > 0) {
    action.request_mirror_policies = mirrors.map(({ destination, percentage }) => ({
      cluster: destinationCluster(destination, namespace, context),
      runtime_fraction: { default_value: mirrorShare(percentage?.value ?? 100) },
    }));
  }
  action.max_grpc_timeout = action.timeout;
  return action;
}

/** Envoy counts in whole numbers. */
const mirrorShare = (percent: number) =>
  Number.isInteger(percent)
    ? { numerator: percent }
    : { numerator: Math.round(percent * 10_000), denominator: 'MILLION' as const };

function pathRewrite(
  rewrite: HttpRule['rewrite'],
  match: RouteMatchJson,
): Pick<RouteActionJson, 'prefix_rewrite' | 'regex_rewrite'> {
  const { uri, uriRegexRewrite: parts } = rewrite ?? {};
  if (parts !== undefined)
    return { regex_rewrite: { pattern: { regex: parts.match }, substitution: parts.rewrite } };
  const prefix = match.path_separated_prefix;
  // `/a` taken off `/a/b` leaves one slash, not two.
  if (uri === '/' && prefix !== undefined)
    return { regex_rewrite: { pattern: { regex: `${quoted(prefix)}(/?)(.*)` }, substitution: '/\\2' } };
  return uri === undefined ? {} : { prefix_rewrite: uri };
}

const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** Without a port: the service's only one, else the port the caller used. */
export function destinationCluster(
  destination: Destination,
  namespace: string,
  context: RouteContext,
): string {
  if (destination.host === UNKNOWN_BACKEND) return UNKNOWN_BACKEND;
  const host = resolveHost(destination.host, namespace);
  const ports = context.services.get(host)?.ports ?? [];
  const port =
    destination.port?.number ?? (ports.length === 1 ? ports[0]?.number : undefined) ?? context.listenPort;
  return clusterName(port, destination.subset ?? '', host);
}

function operation(rule: HttpRule, owner: VirtualServiceObject, context: RouteContext): string {
  const [only, ...more] = rule.route ?? [];
  if (only === undefined || more.length > 0) return `${owner.metadata.name}:${context.listenPort}/*`;
  const host = resolveHost(only.destination.host, namespaceOf(owner));
  return `${host}:${only.destination.port?.number ?? context.listenPort}/*`;
}

/** The route of a Service that no VirtualService speaks for. */
export function defaultRoute(host: string, port: number): RouteJson {
  return {
    match: { prefix: '/' },
    route: {
      cluster: clusterName(port, '', host),
      timeout: '0s',
      retry_policy: DEFAULT_RETRY_POLICY,
      max_grpc_timeout: '0s',
    },
    decorator: { operation: `${host}:${port}/*` },
    name: 'default',
  };
}

const REDIRECT_CODES: Record<number, RedirectJson['response_code']> = {
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

const PREFIX = '%PREFIX()%';

/** 301 is the enum's zero value and is left out. A port that the scheme means anyway is left out, too. */
function redirect(rule: NonNullable<HttpRule['redirect']>, listenPort: number): RedirectJson {
  const code = REDIRECT_CODES[rule.redirectCode ?? 301];
  const { uri, scheme = 'http' } = rule;
  const port = rule.port ?? (rule.derivePort === 'FROM_REQUEST_PORT' ? listenPort : undefined);
  const isMeant = (scheme === 'http' && port === 80) || (scheme === 'https' && port === 443);
  return {
    ...(rule.authority === undefined ? {} : { host_redirect: rule.authority }),
    ...(uri === undefined
      ? {}
      : uri.startsWith(PREFIX)
        ? { prefix_rewrite: uri.slice(PREFIX.length) }
        : { path_redirect: uri }),
    ...(port === undefined || isMeant ? {} : { port_redirect: port }),
    ...(rule.scheme === undefined ? {} : { scheme_redirect: rule.scheme }),
    ...(code === undefined ? {} : { response_code: code }),
  };
}

function fault(rule: HttpRule['fault']): FaultJson | undefined {
  if (rule?.delay === undefined && rule?.abort === undefined) return undefined;
  const percentage = (value: number | undefined) => ({
    numerator: Math.round((value ?? 100) * 10_000),
    denominator: 'MILLION',
  });
  const result: FaultJson = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
  };
  if (rule.delay !== undefined) {
    result.delay = {
      fixed_delay: formatDuration(parseDurationMs(rule.delay.fixedDelay ?? '0s') ?? 0),
      percentage: percentage(rule.delay.percentage?.value ?? rule.delay.percent),
    };
  }
  if (rule.abort !== undefined) {
    result.abort = {
      http_status: rule.abort.httpStatus ?? 500,
      percentage: percentage(rule.abort.percentage?.value),
    };
  }
  return result;
}

function headerChanges(headers: HttpRule['headers']): HeaderChangesJson {
  return {
    ...headerOperations('request', headers?.request),
    ...headerOperations('response', headers?.response),
  };
}

/** What a route's only destination says about headers is said by the route, after its own. */
function addChanges(route: RouteJson, more: HeaderChangesJson): void {
  for (const [field, changes] of Object.entries(more) as [keyof HeaderChangesJson, never[]][])
    route[field] = [...(route[field] ?? []), ...changes] as never;
}

function headerOperations(direction: 'request' | 'response', operations: HeaderOperations | undefined) {
  const add: HeaderToAddJson[] = [
    ...Object.entries(operations?.add ?? {}).map(([key, value]) => ({ header: { key, value } })),
    ...Object.entries(operations?.set ?? {}).map(([key, value]) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
    })),
  ];
  return {
    ...(add.length === 0 ? {} : { [`${direction}_headers_to_add`]: add }),
    ...((operations?.remove ?? []).length === 0
      ? {}
      : { [`${direction}_headers_to_remove`]: operations?.remove }),
  };
}
