/**
 * Restores the names and weights that the author gave to routes. A switch under way adds its marker to the
 * names of the routes that it has moved. Once they have their own names again, the record of the switch
 * identifies them.
 */
import type { HttpRoute } from '../../../shared/kubernetes.ts';
import { hasMarker, withoutMarker } from '../marker.ts';
import type { RouteId } from '../traffic-routing.ts';

/** The ids by which the record keeps these routes. */
export function idsOf(http: readonly HttpRoute[], isMeant: (route: HttpRoute) => boolean): RouteId[] {
  return http.flatMap((route, index) => {
    const { name, route: destinations = [] } = route;
    const weights = destinations.map(({ weight }) => weight ?? null);
    const id = { index, name: withoutMarker(name) };
    // A share divides a route of one destination too: then the weight that its author wrote is lost.
    const isWritten = destinations.length > 1 || weights.some((weight) => weight !== null);
    return isMeant(route) ? [isWritten ? { ...id, weights } : id] : [];
  });
}

/** Recognises a route by its author's name; among several of one name, by its position. */
export function isOneOf(
  ids: readonly RouteId[],
  { http, index }: { http: readonly HttpRoute[]; index: number },
): boolean {
  const nameOf = (route: HttpRoute | undefined) => withoutMarker(route?.name);
  const own = nameOf(http[index]);
  const isAlone = http.filter((route) => nameOf(route) === own).length === 1;
  return ids.some(({ name, index: place }) => name === own && (isAlone || place === index));
}

/** The routes with their author's names and weights. Only those with one of these markers change. */
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

/** Restores the author's weights where the present ones have the same ratio. */
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
