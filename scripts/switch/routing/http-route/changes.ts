/** The writes of a switch: Services of versions, and the rules of the HTTPRoute. */
import { resources } from '../../../shared/resources.ts';
import { applyOf, deleteOf, keepOf, specOf } from '../../changes/change.ts';
import type { Change } from '../../changes/change.ts';
import { hasMarker } from '../marker.ts';
import type { TrafficRouting } from '../traffic-routing.ts';
import { asAuthored, isOneOf } from './as-authored.ts';
import { barrierFor } from './barrier.ts';
import type { Rule } from './http-route.ts';
import type { HttpRouteObjects, Versions } from './http-route-objects.ts';
import { describeShares, redirect } from './rules.ts';
import { labelKeyOf, serviceLike } from './version-services.ts';
import type { VersionService } from './version-services.ts';

export function changesOf(
  { route, app }: HttpRouteObjects,
  versions: Versions,
): Pick<TrafficRouting, 'add' | 'remove' | 'removeBarrier' | 'move' | 'restoreNames'> {
  const rules = route.spec.rules ?? [];
  const { services, httpRoutes } = resources;
  return {
    add(version, model, marker) {
      const there = versions.find(version);
      // No remark: the Service stays as it is.
      if (there) return [{ ...keepOf(services, there.service, ''), remarks: [] }];
      const fresh = addedLike(versions, app.metadata.name, { version, model });
      const barrier = barrierFor(fresh, app.metadata.name, marker);
      return [applyOf(services, fresh.service, undefined), applyOf(services, barrier, undefined)];
    },
    remove(version) {
      const service = versions.find(version)?.service;
      return service ? [deleteOf(services, service, { uid: service.metadata.uid })] : [];
    },
    removeBarrier: (): Change[] =>
      versions.barriers.map((service) => deleteOf(services, service, { uid: service.metadata.uid })),
    move({ onlyMarked, routes = [], ...move }) {
      const isMeant = (rule: Rule, index: number) =>
        (onlyMarked !== undefined && hasMarker(rule, onlyMarked)) || isOneOf(routes, rule, index);
      const only = onlyMarked === undefined ? {} : { only: isMeant };
      const moved = redirect(rules, { ...move, ...only, marked: isMeant }, versions);
      const changed = moved.filter((rule) => !rules.includes(rule));
      return [specOf(httpRoutes, route, 'rules', moved, describeShares(changed, versions))];
    },
    restoreNames: (markers, ids) => [specOf(httpRoutes, route, 'rules', asAuthored(rules, markers, ids))],
  };
}

/** A version's Service: the existing one, or the one to add, which is a copy of the model's. */
export function addedLike(
  versions: Versions,
  app: string,
  { version, model }: { version: string; model: string },
): VersionService {
  const there = versions.find(version);
  if (there) return there;
  const like = versions.find(model) ?? versions.all[0];
  if (like) return { ...like, version, service: serviceLike(like, app, version) };
  const key = labelKeyOf(versions.all);
  return {
    version,
    key,
    service: { metadata: { name: versions.serviceOf(version) }, spec: { selector: { [key]: version } } },
  };
}
