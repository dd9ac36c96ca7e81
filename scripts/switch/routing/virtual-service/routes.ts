/**
 * Proof B: the proxy has this revision of the routes, and no route at all names the leaving version. The
 * names of its routes show the revision: Istio copies `http[].name` there, and every switch writes a marker
 * of its own into them. (Versions in the dump are empty with delta xDS.)
 */
import { parseClusterName, withV1 } from '../../../shared/istio/names.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { EnvoyRoute, RoutesDump } from '../../../shared/istio/envoy-answers.ts';
import type { Verdict } from '../verdict.ts';
import { clustersOf, isChosenElsewhere } from '../envoy-route.ts';

export interface ExpectedRoutes {
  host: string;
  /** Istio's reference to the VirtualService in each route's metadata. */
  reference: string;
  /** The names of the routes of the required revision. An unnamed route counts as ''. */
  names: ReadonlySet<string>;
  /** For a delegate's routes: by each root's reference, the names of those that may lead to the app. */
  roots?: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** The subset that no route may name any more; undefined during a canary, when both versions serve. */
  forbidden?: string | undefined;
  /** Istio's own route to every version, which it makes where it has no other, is an earlier one. */
  isForAll?: boolean;
  /** During a canary: the subset that only routes of this revision may name, and what is in their names. */
  shared?: { subset: string; marker: string } | undefined;
}

export function evaluateRoutes(
  dump: RoutesDump,
  { host, reference, names, roots, forbidden, isForAll = false, shared }: ExpectedRoutes,
): Verdict {
  const odd = unreadableIn(dump, 'route_config');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  let consumer = false;
  for (const { route_config: config } of dump.configs ?? []) {
    for (const { name: virtualHost = '', routes = [] } of config?.virtual_hosts ?? []) {
      for (const route of routes) {
        if (forbidden !== undefined && clustersOf(route).some((name) => isSubset(name, host, forbidden))) {
          const what = forbidden === '' ? 'leads to every version' : `names ${forbidden}`;
          return unproven(`route "${route.name ?? ''}" of ${virtualHost} still ${what}`);
        }
        const config = withV1(route.metadata?.filter_metadata?.istio?.config ?? '');
        if (isForAll && isIstiosOwn(config) && leadsTo(route, host))
          return unproven(`route "${route.name ?? ''}" of ${virtualHost} is none of ours yet`);
        const viaRoot = roots?.get(config);
        const isOurs = config === reference || (viaRoot !== undefined && leadsTo(route, host));
        if (!isOurs) continue;
        consumer = true;
        if (isChosenElsewhere(route))
          return unproven(
            `route "${route.name ?? ''}" of ${virtualHost} leads where its configuration does not say`,
          );
        const { name = '' } = route;
        // An unnamed route of the author stays unnamed: an earlier unnamed one must not count as this
        // revision.
        const isStale =
          shared !== undefined &&
          !name.includes(shared.marker) &&
          clustersOf(route).some((cluster) => isSubset(cluster, host, shared.subset));
        if (isStale || !isExpected(name, viaRoot ?? names)) {
          return unproven(`route "${name}" of ${virtualHost} is of another revision`);
        }
      }
    }
  }
  return proven(consumer);
}

/** The names of the route configurations that contain the service; none where the dump cannot be read. */
export function routeConfigsOf(
  dump: RoutesDump,
  { host, reference, roots }: Pick<ExpectedRoutes, 'host' | 'reference' | 'roots'>,
): string[] {
  const isOurs = (route: EnvoyRoute) => {
    const config = withV1(route.metadata?.filter_metadata?.istio?.config ?? '');
    return config === reference || roots?.has(config) === true || leadsTo(route, host);
  };
  if (unreadableIn(dump, 'route_config') !== undefined) return [];
  return (dump.configs ?? [])
    .filter(({ route_config: config }) =>
      (config?.virtual_hosts ?? []).some(({ routes = [] }) => routes.some(isOurs)),
    )
    .flatMap(({ route_config: config }) => config?.name ?? []);
}

const isIstiosOwn = (config: string): boolean => !config.includes('/virtual-service/');

/** A root's route may lead to another service just as well. */
function leadsTo(route: EnvoyRoute, host: string): boolean {
  return clustersOf(route).some((name) => parseClusterName(name)?.host === host);
}

function isSubset(cluster: string, host: string, subset: string): boolean {
  const name = parseClusterName(cluster);
  return name?.host === host && name.subset === subset;
}

/** Istio appends the name of a match: `name.matchName`, and `.matchName` where the route has none. */
function isExpected(name: string, names: ReadonlySet<string>): boolean {
  if (names.has(name)) return true;
  return [...names].some((expected) => name.startsWith(`${expected}.`));
}
