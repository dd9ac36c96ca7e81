/** HTTPRoute's rules as a VirtualService's, as Istio's conversion.go turns them. */
import type { HeaderOperations, HttpMatch, HttpRule, RouteDestination } from '../istiod/istio-objects.ts';
import { namespaceOf } from '../istiod/istio-objects.ts';
import type {
  HeaderFilter,
  HttpRoute,
  MirrorFilter,
  RedirectFilter,
  RewriteFilter,
  RouteFilter,
  RouteMatch,
  RouteRule,
} from './objects.ts';
import { backendDestination, type ReferenceContext, type RouteError } from './references.ts';

export interface ConvertedRules {
  /** One for each match, by specificity. */
  rules: HttpRule[];
  error?: RouteError;
}

/** All rules of a route, one for each match. Without any rule when one cannot be followed at all. */
export function convertRules(route: HttpRoute, context: ReferenceContext): ConvertedRules {
  const rules: HttpRule[] = [];
  let error: RouteError | undefined;
  for (const [index, rule] of (route.spec?.rules ?? []).entries()) {
    const converted = convertRule(rule, route, index, context);
    error = converted.error ?? error;
    if (error?.fatal) return { rules: [], error };
    const matches = rule.matches ?? [];
    if (matches.length === 0) rules.push(converted.rule);
    else for (const match of matches) rules.push({ ...converted.rule, match: [convertMatch(match)] });
  }
  return { rules: bySpecificity(rules), ...(error === undefined ? {} : { error }) };
}

/**
 * Exact before prefix before regular expression, longer before shorter, with a method before without,
 * more headers before fewer, then more query parameters; equal ones stay in their order.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
export function bySpecificity(rules: HttpRule[]): HttpRule[] {
  const rank = ({ match }: HttpRule): number[] => {
    const [first] = match ?? [];
    if (first === undefined) return [-1, 0, 0, 0, 0];
    const { uri = {}, method, headers = {}, queryParams = {} } = first;
    const kind =
      uri.exact !== undefined ? 3 : uri.prefix !== undefined ? 2 : uri.regex !== undefined ? 1 : -1;
    const text = uri.exact ?? uri.prefix ?? uri.regex ?? '';
    const counts = [Object.keys(headers).length, Object.keys(queryParams).length];
    return [kind, text.length, method === undefined ? 0 : 1, ...counts];
  };
  const ranked = rules.map((rule) => ({ rule, rank: rank(rule) }));
  ranked.sort((a, b) => {
    const at = a.rank.findIndex((value, index) => value !== b.rank[index]);
    return at === -1 ? 0 : (b.rank[at] ?? 0) - (a.rank[at] ?? 0);
  });
  return ranked.map(({ rule }) => rule);
}

function convertRule(
  rule: RouteRule,
  route: HttpRoute,
  index: number,
  context: ReferenceContext,
): { rule: HttpRule; error?: RouteError } {
  const namespace = namespaceOf(route);
  const converted: HttpRule = { name: rule.name ?? `${namespace}.${route.metadata.name}.${index}` };
  const errors: RouteError[] = [];
  for (const filter of rule.filters ?? []) errors.push(...applyFilter(converted, filter, namespace, context));
  Object.assign(converted, timeoutsAndRetries(rule));
  const backends = (rule.backendRefs ?? []).filter(({ weight = 1 }) => weight > 0);
  if (backends.length === 0 && converted.redirect === undefined) converted.directResponse = { status: 500 };
  else {
    const { route: destinations, errors: faults } = convertBackends(backends, namespace, context);
    if (destinations.length > 0) converted.route = destinations;
    errors.unshift(...faults);
  }
  const error = errors.find(({ fatal }) => fatal) ?? errors.at(-1);
  return { rule: converted, ...(error === undefined ? {} : { error }) };
}

function convertBackends(
  backends: NonNullable<RouteRule['backendRefs']>,
  namespace: string,
  context: ReferenceContext,
): { route: RouteDestination[]; errors: RouteError[] } {
  const errors: RouteError[] = [];
  const route = backends.map((backend): RouteDestination => {
    const { destination, error } = backendDestination(backend, namespace, context);
    if (error !== undefined) errors.push(error);
    const own: HttpRule = {};
    for (const filter of backend.filters ?? []) {
      if (filter.type === 'RequestHeaderModifier' || filter.type === 'ResponseHeaderModifier')
        applyHeaders(own, filter);
      else errors.push(unsupportedFilter(filter));
    }
    return {
      destination,
      ...(backends.length === 1 ? {} : { weight: backend.weight ?? 1 }),
      ...(own.headers === undefined ? {} : { headers: own.headers }),
    };
  });
  return { route, errors };
}

const unsupportedFilter = ({ type }: RouteFilter): RouteError => ({
  reason: 'InvalidFilter',
  message: `unsupported filter type "${type}"`,
  fatal: true,
});

function applyFilter(
  rule: HttpRule,
  filter: RouteFilter,
  namespace: string,
  context: ReferenceContext,
): RouteError[] {
  switch (filter.type) {
    case 'RequestHeaderModifier':
    case 'ResponseHeaderModifier':
      applyHeaders(rule, filter);
      return [];
    case 'RequestRedirect':
      rule.redirect = convertRedirect(filter.requestRedirect ?? {});
      return [];
    case 'URLRewrite': {
      const rewrite = convertRewrite(filter.urlRewrite ?? {});
      if (Object.keys(rewrite).length > 0) rule.rewrite = rewrite;
      return [];
    }
    case 'RequestMirror':
      return filter.requestMirror === undefined
        ? []
        : applyMirror(rule, filter.requestMirror, namespace, context);
    case 'CORS':
      return [];
    default:
      return [unsupportedFilter(filter)];
  }
}

function applyMirror(
  rule: HttpRule,
  filter: MirrorFilter,
  namespace: string,
  context: ReferenceContext,
): RouteError[] {
  const { destination, error } = backendDestination(filter.backendRef, namespace, context);
  if (error !== undefined) return [error];
  const { fraction, percent } = filter;
  const value = fraction === undefined ? percent : (100 * fraction.numerator) / (fraction.denominator ?? 100);
  rule.mirrors = [
    ...(rule.mirrors ?? []),
    { destination, ...(value === undefined ? {} : { percentage: { value } }) },
  ];
  return [];
}

function applyHeaders(rule: HttpRule, filter: RouteFilter): void {
  const [direction, changes] =
    filter.type === 'RequestHeaderModifier'
      ? (['request', filter.requestHeaderModifier] as const)
      : (['response', filter.responseHeaderModifier] as const);
  if (changes !== undefined) rule.headers = { ...rule.headers, [direction]: convertHeaders(changes) };
}

function convertHeaders({ set = [], add = [], remove = [] }: HeaderFilter): HeaderOperations {
  // "Subsequent entries with an equivalent header name MUST be ignored."
  const asMap = (list: typeof set) =>
    Object.fromEntries([...list].reverse().map(({ name, value }) => [name.toLowerCase(), value]));
  return {
    ...(set.length === 0 ? {} : { set: asMap(set) }),
    ...(add.length === 0 ? {} : { add: asMap(add) }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

function convertRedirect(filter: RedirectFilter): NonNullable<HttpRule['redirect']> {
  const { statusCode, hostname, scheme, port, path } = filter;
  return {
    ...(statusCode === undefined ? {} : { redirectCode: statusCode }),
    ...(hostname === undefined ? {} : { authority: hostname }),
    ...(scheme === undefined ? {} : { scheme }),
    // Without a port the one that was called stays, unless the scheme changes.
    ...(port !== undefined
      ? { port }
      : { derivePort: scheme === undefined ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT' }),
    ...(path?.type === 'ReplaceFullPath' ? { uri: path.replaceFullPath ?? '' } : {}),
    ...(path?.type === 'ReplacePrefixMatch' ? { uri: `%PREFIX()%${path.replacePrefixMatch ?? ''}` } : {}),
  };
}

function convertRewrite({ hostname, path }: RewriteFilter): NonNullable<HttpRule['rewrite']> {
  const prefix = (path?.replacePrefixMatch ?? '').replace(/\/$/, '');
  return {
    ...(path?.type === 'ReplacePrefixMatch' ? { uri: prefix === '' ? '/' : prefix } : {}),
    ...(path?.type === 'ReplaceFullPath'
      ? { uriRegexRewrite: { match: '/.*', rewrite: path.replaceFullPath ?? '' } }
      : {}),
    ...(hostname === undefined ? {} : { authority: hostname }),
  };
}

function timeoutsAndRetries({ timeouts, retry }: RouteRule): Pick<HttpRule, 'timeout' | 'retries'> {
  const isSet = (text: string | undefined): text is string =>
    text !== undefined && !/^0(h|m|s|ms)$/.test(text);
  const result: Pick<HttpRule, 'timeout' | 'retries'> = {};
  if (retry !== undefined) {
    const attempts = retry.attempts ?? 2;
    const conditions = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled'];
    result.retries = {
      attempts,
      ...(attempts === 0 ? {} : { retryOn: [...conditions, ...(retry.codes ?? [])].join(',') }),
    };
  }
  if (isSet(timeouts?.request)) result.timeout = timeouts.request;
  if (isSet(timeouts?.backendRequest)) {
    if (result.retries === undefined) result.timeout = timeouts.backendRequest;
    else result.retries.perTryTimeout = timeouts.backendRequest;
  }
  return result;
}

function convertMatch({ path, headers = [], queryParams = [], method }: RouteMatch): HttpMatch {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  const asMap = (list: typeof headers) =>
    // The first of several entries of one name counts.
    Object.fromEntries(
      [...list]
        .reverse()
        .map((one) => [
          one.name,
          one.type === 'RegularExpression' ? { regex: one.value } : { exact: one.value },
        ]),
    );
  const uri =
    type === 'Exact'
      ? { exact: value }
      : type === 'RegularExpression'
        ? { regex: value }
        : { prefix: value === '/' ? value : value.replace(/\/$/, '') };
  return {
    uri,
    ...(headers.length === 0 ? {} : { headers: asMap(headers) }),
    ...(queryParams.length === 0 ? {} : { queryParams: asMap(queryParams) }),
    ...(method === undefined ? {} : { method: { exact: method } }),
  };
}
