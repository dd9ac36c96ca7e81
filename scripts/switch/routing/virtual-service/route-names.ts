/**
 * The names of routes: the author's, and the marker that a switch adds to them while it is under way. Which routes a switch has moved shows in their
 * markers; once they have their own names again, by what the record of the switch remembers.
 */
import type { HttpRoute } from '../../../shared/kubernetes.ts';
import { hasMarker, withoutMarker } from '../marker.ts';
import type { RouteId } from '../traffic-routing.ts';

/** What the record remembers of these routes. */
export function idsOf(http: readonly HttpRoute[], isMeant: (route: HttpRoute) => boolean): RouteId[] {
  return http.flatMap((route, index) => (isMeant(route) ? [{ index, name: withoutMarker(route.name) }] : []));
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

/** The same routes under their authors' names. Only those with one of these markers change. */
export function withOwnNames(http: readonly HttpRoute[], markers: readonly string[]): HttpRoute[] {
  return http.map((route) => {
    if (!markers.some((marker) => hasMarker(route, marker))) return route;
    const { name, ...unnamed } = route;
    const own = withoutMarker(name);
    return own === '' ? unnamed : { ...route, name: own };
  });
}
