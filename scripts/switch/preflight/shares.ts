/** What each share of the plan comes to in routes that divide their traffic: weights are relative, and others may have a part of it. */
import { describeShares, redirect, shareBetween } from '../routing/virtual-service/virtual-service.ts';
import type { SwitchContext } from '../types.ts';

/** One line for each route and share; none where all traffic of a route simply goes to the new version. */
export function resultingShares({
  known,
  from,
  to,
  marker,
  target,
  options: { canary = [] },
}: Pick<SwitchContext, 'known' | 'from' | 'to' | 'marker' | 'target' | 'options'>): string[] {
  let routes = known.virtualService.spec.http ?? [];
  // A run that is continued does not go back to a smaller share.
  const reached = shareBetween(known.virtualService, [from, to], target);
  return [...canary, 100]
    .filter((share) => share >= reached)
    .flatMap((share) => {
      const moved = redirect(routes, { from, to, share, marker }, target);
      // By the author's names: the marker of the route says nothing about its shares.
      const named = moved.map((route, index) => ({ ...route, name: routes[index]?.name ?? '' }));
      const changed = named.filter((_route, index) => moved[index] !== routes[index]);
      routes = named;
      return describeShares(changed, target).map((text) => `With ${share} % for ${to}: ${text}`);
    });
}
