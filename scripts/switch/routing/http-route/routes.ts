/**
 * Proof B: this very revision of the rules is loaded, and none leads to the old version. Which
 * revision a proxy has shows in the names of its routes: Istio copies `rules[].name` there (since
 * 1.24). What its metadata calls them is of no use, for it merges the HTTPRoutes of one host under a
 * name of its own. Only the virtual hosts of the HTTPRoute's parents count: a sidecar has one for
 * each version's Service too, whose route bears no marker and leads to that version for ever.
 */
import type { EnvoyRoute, RoutesDump } from '../../../shared/istio/envoy-answers.ts';
import { parseClusterName } from '../../../shared/istio/names.ts';
import { clustersOf, isChosenElsewhere } from '../envoy-route.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';

export interface ExpectedRules {
  /** The app's own Service as proxies name it, and those of the versions. */
  app: string;
  versions: ReadonlySet<string>;
  /** What the rules that name a version are called at a proxy. */
  names: ReadonlySet<string>;
  /** Those of them that no other route can have: they bear a marker, or the HTTPRoute's own name. */
  unmistakable: ReadonlySet<string>;
  /** Those of them that give a version requests: each is in every virtual host of a parent. */
  receiving: ReadonlySet<string>;
  /** Where the app's own Service is a parent: its ports that are meant. Undefined: it is none. */
  meshPorts: ReadonlySet<number> | undefined;
  /** The version's Service that no rule may lead to any more; undefined while both serve. */
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

/** The names of the route configurations that hold the app; none where the dump cannot be read. */
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
    // The route that every Service has by itself: no parent of ours, and no rule of ours takes its place.
    if (leading.every((route) => hostsOf(route).every((one) => one === app))) return false;
  }
  // Rules that lead nowhere are answered with 500: only their names say whose they are.
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
