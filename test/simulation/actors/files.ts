/** What a team has in Git, applied again: once by a pipeline, or again and again by an owner. */
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import type { DestinationRule } from '../../../scripts/shared/kubernetes.ts';
import type { Rest } from '../invariants/end-state.ts';
import type { Prng } from '../time/prng.ts';
import { routesWith } from '../world/beginning.ts';
import { destinationRuleOf } from '../world/manifests.ts';
import type { Climate, World } from '../world/world.ts';

/** Applies them in this moment. */
export type Files = (who: string) => void;

/** As `--write-values` leaves them: the author's, with the version that serves and its subsets. */
export function filesOf(
  { api }: Pick<World, 'api'>,
  { live, subsets }: Rest,
  { climate, prng }: { climate: Pick<Climate, 'beginning' | 'routeStyle'>; prng: Prng },
): Files {
  const the = (resource: Resource) => {
    const [object] = api.list(resource, undefined);
    const { name = '', namespace = '' } = object?.metadata ?? {};
    return { object, place: { resource, namespace, name } };
  };
  const rule = the(resources.destinationRules);
  const there = ((rule.object as DestinationRule | undefined)?.spec.subsets ?? []).map(({ name }) => name);
  const { spec } = destinationRuleOf(there.filter((name) => subsets.has(name)));
  const routes = the(resources.virtualServices);
  const http = routesWith(live, climate)?.spec.http;
  const rulesFirst = prng.chance(0.5);
  return (who) => {
    const applyRule = () => {
      if (rule.object) api.patch(who, rule.place, { spec: { subsets: spec.subsets } });
    };
    if (rulesFirst) applyRule();
    if (routes.object) api.patch(who, routes.place, { spec: { http } });
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
