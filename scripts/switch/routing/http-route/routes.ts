/**
 * Proof B: the proxy has this revision of the rules, and none leads to the leaving version. The names of its
 * routes show the revision: Istio copies `rules[].name` there (since 1.24). Its metadata does not help,
 * because Istio merges the HTTPRoutes of one host under a name of its own. Only the virtual hosts of the
 * HTTPRoute's parents count: a sidecar also has one for each version's Service, whose route has no marker and
 * always leads to that version.
 */
import type { EnvoyRoute, RoutesDump } from '../../../shared/istio/envoy-answers.ts';
import { parseClusterName } from '../../../shared/istio/names.ts';
import { clustersOf, isChosenElsewhere } from '../envoy-route.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';

export interface ExpectedRules {
  /** The names at proxies of the app's own Service and of those of the versions. */
  app: string;
  versions: ReadonlySet<string>;
  /** The names at a proxy of the rules that name a version. */
  names: ReadonlySet<string>;
  /** The names among them that no other route can have: with a marker, or with the HTTPRoute's own name. */
  unmistakable: ReadonlySet<string>;
  /** The names of rules that give a version requests: each is in every virtual host of a parent. */
  receiving: ReadonlySet<string>;
  /** The ports for which the app's own Service is a parent; undefined: it is no parent. */
  meshPorts: ReadonlySet<number> | undefined;
  /** The Service to which no rule may lead any more; undefined while both versions serve. */
  forbidden: string | undefined;
}

type VirtualHost = { name?: string; routes?: EnvoyRoute[] };

export function evaluateRules(dump: RoutesDump, expected: ExpectedRules): Verdict {
  const odd = unreadableIn(dump, 'route_config');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  let consumer = false;
  for (const { route_config: config } of dump.configs ?? []) {
    for (const host of config?.virtual_hosts ?? []) {
      if (!isOfParent(host, expected)) continue;
      consumer = true;
      const problem = problemOf(host, expected);
      if (problem !== undefined) return unproven(`${problem} (${host.name ?? ''})`);
    }
  }
  return proven(consumer);
}

/** The names of the route configurations that contain the app; none where the dump cannot be read. */
export function ruleConfigsOf(dump: RoutesDump, expected: ExpectedRules): string[] {
  if (unreadableIn(dump, 'route_config') !== undefined) return [];
  return (dump.configs ?? [])
    .filter(({ route_config: config }) =>
      (config?.virtual_hosts ?? []).some((host) => isOfParent(host, expected)),
    )
    .flatMap(({ route_config: config }) => config?.name ?? []);
}

function isOfParent({ name = '', routes = [] }: VirtualHost, expected: ExpectedRules): boolean {
  const { app, versions, unmistakable, meshPorts } = expected;
  const [, host = name, port = ''] = /^(.*):(\d+)$/.exec(name) ?? [];
  if (versions.has(host)) return false;
  const leading = routes.filter((route) => leadsToUs(route, expected));
  if (host === app) {
    if (meshPorts?.has(Number(port)) === true) return true;
    // This is the default route of a Service: the virtual host is not of a parent.
    if (leading.every((route) => hostsOf(route).every((one) => one === app))) return false;
  }
  // Requests of a rule without destinations get 500: only its name shows to whom it belongs.
  return leading.length > 0 || routes.some(({ name: one = '' }) => unmistakable.has(one));
}

function problemOf({ routes = [] }: VirtualHost, expected: ExpectedRules): string | undefined {
  const { app, names, receiving, forbidden } = expected;
  const leading = routes.filter((route) => leadsToUs(route, expected));
  for (const route of leading) {
    const { name = '' } = route;
    const hosts = hostsOf(route);
    if (forbidden !== undefined && hosts.includes(forbidden))
      return `route "${name}" still leads to ${forbidden}`;
    if (hosts.includes(app)) return `route "${name}" leads to every version`;
    if (!names.has(name)) return `route "${name}" is of another revision`;
  }
  const odd = routes.find((route) => names.has(route.name ?? '') && isChosenElsewhere(route));
  if (odd !== undefined) return `route "${odd.name ?? ''}" leads where its configuration does not say`;
  const there = new Set(leading.map(({ name }) => name));
  const missing = [...receiving].find((name) => !there.has(name));
  return missing === undefined ? undefined : `no route "${missing}" leads to a version`;
}

const hostsOf = (route: EnvoyRoute) =>
  clustersOf(route).flatMap((cluster) => parseClusterName(cluster)?.host ?? []);

function leadsToUs(route: EnvoyRoute, { app, versions }: ExpectedRules): boolean {
  return hostsOf(route).some((host) => host === app || versions.has(host));
}
