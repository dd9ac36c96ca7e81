import { parseDurationMs } from '../istiod/durations.ts';
import type {
  HeaderChangesJson,
  HeaderMatchJson,
  RouteConfigJson,
  RouteJson,
  RouteMatchJson,
  StringMatchJson,
  VirtualHostJson,
} from '../xds-types.ts';
import { fullMatch } from './regex.ts';
import { header, type RequestHead } from './http1/head.ts';

export interface CompiledRetryPolicy {
  conditions: ReadonlySet<string>;
  attempts: number;
  avoidPreviousHosts: boolean;
  hostAttempts: number;
  statusCodes: ReadonlySet<number>;
  perTryTimeoutMs: number | undefined;
}

export interface CompiledRoute {
  json: RouteJson;
  /** 0 = none */
  timeoutMs: number;
  retry: CompiledRetryPolicy | undefined;
  cluster(): string;
  /** What the chosen one of several clusters does to headers, before the route does. */
  changes?: HeaderChangesJson;
  /** The route with its changes, for each of several clusters that has some. */
  perCluster?: ReadonlyMap<string, CompiledRoute>;
}

type Predicate = (request: RequestHead, path: string, query: string) => boolean;

/**
 * A route configuration, ready to answer which route takes a request.
 * Throws when a pattern is none: the proxy rejects (NACKs) it.
 */
export class RouteTable {
  readonly json: RouteConfigJson;
  readonly lastUpdated = new Date();
  readonly #exact = new Map<string, CompiledHost>();
  /** `.example.com`, longest first */
  readonly #suffixes: [string, CompiledHost][] = [];
  #any: CompiledHost | undefined;

  constructor(json: RouteConfigJson) {
    this.json = json;
    for (const virtualHost of json.virtual_hosts) {
      const compiled = new CompiledHost(virtualHost);
      for (const domain of virtualHost.domains) this.#add(domain.toLowerCase(), compiled);
    }
    this.#suffixes.sort((a, b) => b[0].length - a[0].length);
  }

  /** The route of a request; undefined answers 404. */
  find(request: RequestHead): CompiledRoute | undefined {
    return this.#host(authorityName(header(request.headers, 'host') ?? ''))?.find(request);
  }

  #add(domain: string, host: CompiledHost): void {
    if (domain === '*') {
      if (this.#any !== undefined)
        throw new Error(`Only a single wildcard domain is permitted in route ${this.json.name}`);
      this.#any = host;
    } else if (domain.startsWith('*')) this.#suffixes.push([domain.slice(1), host]);
    else if (this.#exact.has(domain)) {
      throw new Error(
        `Only unique values for domains are permitted. Duplicate entry of domain ${domain} in route ${this.json.name}`,
      );
    } else this.#exact.set(domain, host);
  }

  #host(name: string): CompiledHost | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const [suffix, host] of this.#suffixes)
      if (name.length > suffix.length && name.endsWith(suffix)) return host;
    return this.#any;
  }
}

/** A Host header's name without its port, in lower case. */
export function authorityName(authority: string): string {
  const lower = authority.toLowerCase();
  if (lower.startsWith('[')) return lower.slice(0, lower.indexOf(']') + 1);
  const colon = lower.indexOf(':');
  return colon === -1 ? lower : lower.slice(0, colon);
}

class CompiledHost {
  readonly #routes: { matches: Predicate; route: CompiledRoute }[];

  constructor(json: VirtualHostJson) {
    this.#routes = (json.routes ?? []).map((route) => ({
      matches: compileMatch(route.match),
      route: compileRoute(route),
    }));
  }

  find(request: RequestHead): CompiledRoute | undefined {
    const mark = request.target.indexOf('?');
    const path = mark === -1 ? request.target : request.target.slice(0, mark);
    const query = mark === -1 ? '' : request.target.slice(mark + 1);
    for (const { matches, route } of this.#routes) if (matches(request, path, query)) return route;
    return undefined;
  }
}

function compileMatch(match: RouteMatchJson): Predicate {
  const tests = [compilePath(match), ...(match.headers ?? []).map(compileHeader)];
  for (const { name, string_match: value } of match.query_parameters ?? []) {
    const test = value === undefined ? () => true : compileString(value);
    tests.push((_request, _path, query) => {
      const found = rawParameter(query, name);
      return found !== undefined && test(found);
    });
  }
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (request, path, query) => tests.every((test) => test(request, path, query));
}

/** The first value of a query's parameter as it was sent: Envoy does not decode it. */
function rawParameter(query: string, name: string): string | undefined {
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    if ((equals === -1 ? part : part.slice(0, equals)) === name)
      return equals === -1 ? '' : part.slice(equals + 1);
  }
  return undefined;
}

function compilePath(match: RouteMatchJson): Predicate {
  if (match.prefix === '/') return () => true;
  const fold = match.case_sensitive === false ? (text: string) => text.toLowerCase() : (text: string) => text;
  if (match.safe_regex !== undefined) {
    const matches = fullMatch(match.safe_regex.regex);
    return (_request, path) => matches(path);
  }
  if (match.path !== undefined) {
    const wanted = fold(match.path);
    return (_request, path) => fold(path) === wanted;
  }
  if (match.path_separated_prefix !== undefined) {
    const segments = fold(match.path_separated_prefix);
    return (_request, path) => fold(path) === segments || fold(path).startsWith(`${segments}/`);
  }
  const prefix = fold(match.prefix ?? '/');
  return (_request, path) => fold(path).startsWith(prefix);
}

function compileHeader(match: HeaderMatchJson): Predicate {
  const name = match.name.toLowerCase();
  const test = match.string_match === undefined ? () => true : compileString(match.string_match);
  return (request) => {
    const value = valueOf(request, name);
    return (value !== undefined && test(value)) !== (match.invert_match ?? false);
  };
}

function valueOf(request: RequestHead, name: string): string | undefined {
  if (name === ':method') return request.method;
  if (name === ':authority') return header(request.headers, 'host');
  return name === ':scheme' ? 'http' : header(request.headers, name);
}

function compileString(match: StringMatchJson): (value: string) => boolean {
  if (match.safe_regex !== undefined) return fullMatch(match.safe_regex.regex);
  if (match.prefix !== undefined) {
    const prefix = match.prefix;
    return (value) => value.startsWith(prefix);
  }
  return (value) => value === match.exact;
}

function compileRoute(json: RouteJson): CompiledRoute {
  const route = compileAction(json);
  const changing = (json.route?.weighted_clusters?.clusters ?? []).filter(
    (one) => Object.keys(one).length > 2,
  );
  if (changing.length === 0) return route;
  return { ...route, perCluster: new Map(changing.map((one) => [one.name, { ...route, changes: one }])) };
}

function compileAction(json: RouteJson): CompiledRoute {
  const action = json.route;
  const policy = action?.retry_policy;
  return {
    json,
    timeoutMs: parseDurationMs(action?.timeout ?? '') ?? 0,
    retry:
      policy === undefined
        ? undefined
        : {
            conditions: new Set(policy.retry_on.split(',')),
            attempts: policy.num_retries,
            avoidPreviousHosts: policy.retry_host_predicate !== undefined,
            hostAttempts: Number(policy.host_selection_retry_max_attempts ?? 1),
            statusCodes: new Set(policy.retriable_status_codes),
            perTryTimeoutMs: parseDurationMs(policy.per_try_timeout ?? ''),
          },
    cluster: clusterChooser(action),
  };
}

function clusterChooser(action: RouteJson['route']): () => string {
  const weighted = action?.weighted_clusters?.clusters;
  if (weighted === undefined) {
    const name = action?.cluster ?? '';
    return () => name;
  }
  const total = weighted.reduce((sum, cluster) => sum + cluster.weight, 0);
  if (total <= 0) throw new Error('Sum of weights in the weighted_cluster must be greater than 0.');
  return () => {
    let at = Math.random() * total;
    for (const { name, weight } of weighted) {
      at -= weight;
      if (at < 0) return name;
    }
    return weighted.at(-1)?.name ?? '';
  };
}
