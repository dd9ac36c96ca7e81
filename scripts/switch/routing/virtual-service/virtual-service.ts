/** The VirtualService: which versions serve, and the same object with another version serving. */
import { isDeepStrictEqual } from 'node:util';
import { fullHost, receivers, weightOf } from '../../../shared/istio-routes.ts';
import type { Destination, HttpRoute, RouteDestination, VirtualService } from '../../../shared/kubernetes.ts';
import { without } from '../../../shared/without.ts';
import { hasMarker, withMarker } from '../marker.ts';
import type { RouteTarget } from '../traffic-routing.ts';
import { shareOut } from '../share-out.ts';
import { percentages } from '../weights.ts';

/** @param subset '' for all versions at once: a destination without a subset */
export function namesSubset(
  destination: Destination | undefined,
  subset: string,
  target: RouteTarget,
): boolean {
  return destination !== undefined && isOurs(destination, target) && (destination.subset ?? '') === subset;
}

/** The destination with another subset; '' stands for all versions: no subset. */
function leadingTo(destination: Destination, subset: string): Destination {
  return subset === '' ? without(destination, 'subset') : { ...destination, subset };
}

function isOurs({ host }: Destination, target: RouteTarget): boolean {
  return fullHost(host, target.namespace) === target.host;
}

/**
 * The subsets of the main route, largest share first, in percent of the app's traffic. Empty: no route leads
 * to the app.
 */
export function liveSubsets(
  virtualService: VirtualService,
  target: RouteTarget,
): { subset: string; weight: number }[] {
  const serving = served(virtualService, target);
  const percent = percentages(serving.map(({ weight }) => weight));
  return serving
    .map(({ subset }, index) => ({ subset, weight: percent[index] ?? 0 }))
    .sort((a, b) => b.weight - a.weight);
}

/** The second subset's percentage of the traffic that the main route gives to both. */
export function shareBetween(
  virtualService: VirtualService,
  [one, other]: readonly [string, string],
  target: RouteTarget,
): number {
  const serving = served(virtualService, target);
  const of = (wanted: string) => serving.find(({ subset }) => subset === wanted)?.weight ?? 0;
  return of(other) === 0 ? 0 : (100 * of(other)) / (of(one) + of(other));
}

/** The app's destinations in the main route, with their weights as written. */
function served({ spec: { http = [] } }: VirtualService, target: RouteTarget) {
  const ours = http.filter((route) => route.route?.some(({ destination }) => isOurs(destination, target)));
  // The main route is the last one without a match: it takes all requests that no other route matches.
  const catchAll =
    ours.filter(({ match }) => match === undefined || match.length === 0).at(-1) ?? ours.at(-1);
  const all = catchAll?.route ?? [];
  const weights = new Map<string, number>();
  for (const one of all) {
    const { subset = '' } = one.destination;
    const weight = isOurs(one.destination, target) ? weightOf(one, all) : 0;
    if (weight > 0) weights.set(subset, (weights.get(subset) ?? 0) + weight);
  }
  return [...weights].map(([subset, weight]) => ({ subset, weight }));
}

/** Whether any http route leads to the host, whatever the subset. */
export function routesHost({ spec: { http = [] } }: VirtualService, target: RouteTarget): boolean {
  return http.some(({ route = [] }) => route.some(({ destination }) => isOurs(destination, target)));
}

/** The shares of each divided route: `route "main": v1 47.5 %, v2 2.5 %, tea 50 %`. */
export function describeShares(routes: readonly HttpRoute[], target: RouteTarget): string[] {
  return routes.flatMap(({ name = '', route: all = [] }) => {
    if (all.length < 2 || !all.some(({ destination }) => isOurs(destination, target))) return [];
    const percent = percentages(all.map((one) => weightOf(one, all)));
    const parts = all.map(({ destination }, index) => {
      const { host, subset = '' } = destination;
      const who =
        isOurs(destination, target) && subset !== '' ? subset : [host, subset].filter(Boolean).join(' ');
      return `${who} ${percent[index] ?? 0} %`;
    });
    return [`route "${name}": ${parts.join(', ')}`];
  });
}

/** Every subset of the app that any route, mirror, tcp or tls section names. */
export function namedSubsets(virtualService: VirtualService, target: RouteTarget): Set<string> {
  const { http = [], tcp = [], tls = [] } = virtualService.spec;
  const destinations = [...http, ...tcp, ...tls].flatMap(({ route = [] }) =>
    route.map(({ destination }) => destination),
  );
  for (const route of http) {
    if (route.mirror) destinations.push(route.mirror);
    for (const { destination } of route.mirrors ?? []) destinations.push(destination);
  }
  return new Set(
    destinations.filter((destination) => isOurs(destination, target)).map(({ subset = '' }) => subset),
  );
}

/** Every subset of the app to which a route gives requests. */
export function receivingSubsets(virtualService: VirtualService, target: RouteTarget): Set<string> {
  const ours = receivers(virtualService).filter((destination) => isOurs(destination, target));
  return new Set(ours.map(({ subset = '' }) => subset));
}

/** The routes that give traffic to both subsets. */
export function dividedRoutes(
  { spec: { http = [] } }: VirtualService,
  [one, other]: readonly [string, string],
  target: RouteTarget,
): HttpRoute[] {
  const gives = ({ route = [] }: HttpRoute, subset: string) =>
    route.some((one) => weightOf(one, route) > 0 && namesSubset(one.destination, subset, target));
  return http.filter((route) => gives(route, one) && gives(route, other));
}

export interface Redirection {
  from: string;
  to: string;
  /** The percentage that `to` gets of the traffic of both; 100 removes `from` from the routes. */
  share: number;
  /** Written into the name of each changed route, so that each proxy shows whether it has this revision. */
  marker: string;
  /** Selects among the routes that name `from`. Default: all. */
  only?: (route: HttpRoute, index: number) => boolean;
  /** Selects the routes that name `to` already and get the marker too, at 100 %. Default: none. */
  marked?: (route: HttpRoute, index: number) => boolean;
}

/** Whether the route, or a mirror of it, names the subset. */
export function mentions(route: HttpRoute, subset: string, target: RouteTarget): boolean {
  return (
    [...(route.route ?? []), ...(route.mirrors ?? [])].some(({ destination }) =>
      namesSubset(destination, subset, target),
    ) || namesSubset(route.mirror, subset, target)
  );
}

/** The routes with the traffic of `from` given to `to`. Routes that are not selected are the same objects. */
export function redirect(
  routes: HttpRoute[],
  { from, to, share, marker, only, marked }: Redirection,
  target: RouteTarget,
): HttpRoute[] {
  const lacksMarker = (route: HttpRoute, index: number) =>
    share === 100 &&
    marked?.(route, index) === true &&
    mentions(route, to, target) &&
    !hasMarker(route, marker);
  return routes.map((route, index) => {
    if (!mentions(route, from, target) || only?.(route, index) === false)
      return lacksMarker(route, index) ? { ...route, name: withMarker(route.name, marker) } : route;
    const moved: HttpRoute = { ...route, name: withMarker(route.name, marker) };
    if (route.route) moved.route = shareOutRoute(route.route, { from, to, share }, target);
    if (share === 100) {
      const turned = (destination: Destination) =>
        namesSubset(destination, from, target) ? leadingTo(destination, to) : destination;
      if (route.mirror) moved.mirror = turned(route.mirror);
      if (route.mirrors) {
        moved.mirrors = route.mirrors.map((mirror) => ({
          ...mirror,
          destination: turned(mirror.destination),
        }));
      }
    }
    return moved;
  });
}

/**
 * Divides each destination that names `from`, together with the one of `to` in the same place, by the share.
 */
function shareOutRoute(
  destinations: RouteDestination[],
  { from, to, share }: Pick<Redirection, 'from' | 'to' | 'share'>,
  target: RouteTarget,
): RouteDestination[] {
  const moved = shareOut(destinations, {
    share,
    isFrom: ({ destination }) => namesSubset(destination, from, target),
    isTo: ({ destination }) => namesSubset(destination, to, target),
    isSamePlace: isSameButSubset,
    turned: (one) => ({ ...one, destination: leadingTo(one.destination, to) }),
    weightOf: (one) => weightOf(one, destinations),
  });
  if (moved === undefined) return destinations;
  const [only] = moved;
  // A single destination gets no weight, unless its author wrote one.
  if (only !== undefined && moved.length === 1) {
    const { weight = 100, ...bare } = only.destination;
    return [destinations.length === 1 && destinations[0]?.weight !== undefined ? { ...bare, weight } : bare];
  }
  return moved.map(({ destination, weight }) =>
    // A missing weight is the author's way to write 0.
    destination.weight === undefined && weight === 0 ? destination : { ...destination, weight },
  );
}

function isSameButSubset(one: RouteDestination, other: RouteDestination): boolean {
  const place = ({ destination, ...more }: RouteDestination) => ({
    ...more,
    weight: undefined,
    destination: { ...destination, subset: undefined },
  });
  return isDeepStrictEqual(place(one), place(other));
}
