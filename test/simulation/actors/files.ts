/** What a team has in Git, applied again: once by a pipeline, or again and again by an owner. */
import { resources } from '../../../scripts/shared/resources.ts';
import type { DestinationRule } from '../../../scripts/shared/kubernetes.ts';
import type { Rest } from '../invariants/end-state.ts';
import type { Prng } from '../time/prng.ts';
import { APP, NAMESPACE, destinationRuleOf, virtualServiceOf } from '../world/manifests.ts';
import type { RouteStyle } from '../world/manifests.ts';
import type { World } from '../world/world.ts';

const routesPlace = { resource: resources.virtualServices, namespace: NAMESPACE, name: APP };
const rulePlace = { resource: resources.destinationRules, namespace: NAMESPACE, name: APP };

/** Applies them in this moment. */
export type Files = (who: string) => void;

/** As `--write-values` leaves them: the author's, with the version that serves and its subsets. */
export function filesOf(
  { api }: Pick<World, 'api'>,
  { live, subsets }: Rest,
  { routeStyle, prng }: { routeStyle: RouteStyle; prng: Prng },
): Files {
  const there = ((api.get(rulePlace) as DestinationRule).spec.subsets ?? []).map(({ name }) => name);
  const { spec: rule } = destinationRuleOf(there.filter((name) => subsets.has(name)));
  const { spec: routes } = virtualServiceOf(live, routeStyle);
  const rulesFirst = prng.chance(0.5);
  return (who) => {
    const applyRule = () => void api.patch(who, rulePlace, { spec: { subsets: rule.subsets } });
    if (rulesFirst) applyRule();
    api.patch(who, routesPlace, { spec: { http: routes.http } });
    if (!rulesFirst) applyRule();
  };
}

/** Applies them every `everyMs`, until it is stopped. Gives what stops it. */
export function applyAgainAndAgain({ timeline }: World, files: Files, everyMs: number): () => void {
  let isOver = false;
  const again = (): void => {
    if (isOver) return;
    files('owner');
    timeline.after(everyMs, again);
  };
  timeline.after(everyMs, again);
  return () => (isOver = true);
}
