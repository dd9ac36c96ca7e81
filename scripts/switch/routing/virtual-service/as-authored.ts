/**
 * Routes as their author wrote them, names and weights, and the marker that a switch adds to their names
 * while it is under way. Which routes a switch has moved shows in their markers; once they have their own
 * names again, by what the record of the switch remembers.
 */
import type { HttpRoute } from '../../../shared/kubernetes.ts';
import { hasMarker, withoutMarker } from '../marker.ts';
import type { RouteId } from '../traffic-routing.ts';

/** What the record remembers of these routes. */
export function idsOf(http: readonly HttpRoute[], isMeant: (route: HttpRoute) => boolean): RouteId[] {
  return http.flatMap((route, index) => {
    const { name, route: destinations = [] } = route;
    const weights = destinations.map(({ weight }) => weight ?? null);
    const id = { index, name: withoutMarker(name) };
    // A share divides a route of one destination as well, and leaves it without what its author wrote.
    const isWritten = destinations.length > 1 || weights.some((weight) => weight !== null);
    return isMeant(route) ? [isWritten ? { ...id, weights } : id] : [];
  });
}

/** By its author's name; where several have the same, by its place among all. */
export function isOneOf(
  ids: readonly RouteId[],
  { http, index }: { http: readonly HttpRoute[]; index: number },
): boolean {
  const nameOf = (route: HttpRoute | undefined) => withoutMarker(route?.name);
  const own = nameOf(http[index]);
  const isAlone = http.filter((route) => nameOf(route) === own).length === 1;
  return ids.some(({ name, index: place }) => name === own && (isAlone || place === index));
}

/** The same routes with their authors' names and weights. Only those with one of these markers change. */
export function asAuthored(
  http: readonly HttpRoute[],
  markers: readonly string[],
  ids: readonly RouteId[] = [],
): HttpRoute[] {
  return http.map((route, index) => {
    if (!markers.some((marker) => hasMarker(route, marker))) return route;
    const { weights } = ids.find((id) => isOneOf([id], { http, index })) ?? {};
    const weighted = weights === undefined ? route : withWeights(route, weights);
    const { name, ...unnamed } = weighted;
    const own = withoutMarker(name);
    return own === '' ? unnamed : { ...weighted, name: own };
  });
}

/** Weights are relative: the author's come back where what stands there now is in the same ratio. */
function withWeights(route: HttpRoute, weights: NonNullable<RouteId['weights']>): HttpRoute {
  const { route: destinations = [] } = route;
  const sumOf = (all: readonly { weight?: number | null }[]) =>
    all.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const authored = weights.map((weight) => ({ weight }));
  const [now, then] = [sumOf(destinations), sumOf(authored)];
  const isSame =
    destinations.length === weights.length &&
    destinations.every(({ weight = 0 }, index) => weight * then === (weights[index] ?? 0) * now);
  if (!isSame) return route;
  const restored = destinations.map((one, index) => {
    const weight = weights[index] ?? null;
    return weight === null ? one : { ...one, weight };
  });
  return { ...route, route: restored };
}
