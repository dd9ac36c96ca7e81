/** What istiod says about Gateways and HTTPRoutes in their status, in its words. */
import { namespaceOf } from '../istiod/istio-objects.ts';
import type { Attachment } from './parents.ts';
import { DENIALS } from './parents.ts';
import { supportedKinds } from './listeners.ts';
import {
  CONTROLLER,
  type Condition,
  type GatewayStatus,
  type Listener,
  type ListenerStatus,
  type ParentReference,
  type RouteParentStatus,
} from './objects.ts';
import type { FollowedGateway, FollowedRoute, Translation } from './translate.ts';

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const said = (type: string, message: string, reason = type, status: Condition['status'] = 'True'): Said => ({
  ...{ type, status, reason, message },
});

/** A condition keeps the time of its last change of status. */
function conditions(what: Said[], generation: number, before: Condition[], now: string): Condition[] {
  return what.map((one) => {
    const old = before.find(({ type }) => type === one.type);
    const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now;
    return { lastTransitionTime, observedGeneration: generation, ...one };
  });
}

const textOf = ({ group, kind, namespace, name, sectionName, port }: ParentReference, own: string): string =>
  [group, kind, namespace ?? own, name, sectionName ?? '', port ?? ''].join('/');

/**
 * A route's parents: those of other controllers as they are, and one entry for each reference of ours,
 * whatever the number of listeners.
 */
export function routeParents(
  { route, attachments, errors }: FollowedRoute,
  now: string,
): RouteParentStatus[] {
  const before = route.status?.parents ?? [];
  const own = namespaceOf(route);
  const byReference = new Map<string, Attachment[]>();
  for (const one of attachments) {
    const text = textOf(one.reference, own);
    byReference.set(text, [...(byReference.get(text) ?? []), one]);
  }
  const ours = [...byReference].map(([text, found]): RouteParentStatus => {
    const old = before.find(
      ({ controllerName, parentRef }) => controllerName === CONTROLLER && textOf(parentRef, own) === text,
    );
    const error = found.some(({ parent }) => parent === undefined) ? errors.mesh : errors.gateway;
    return {
      conditions: conditions(
        [
          accepted(found),
          error === undefined
            ? said('ResolvedRefs', 'All references resolved')
            : said('ResolvedRefs', error.message, error.reason, 'False'),
        ],
        route.metadata.generation ?? 1,
        old?.conditions ?? [],
        now,
      ),
      controllerName: CONTROLLER,
      parentRef: found[0]?.reference ?? { name: '' },
    };
  });
  return [...before.filter(({ controllerName }) => controllerName !== CONTROLLER), ...ours].sort((a, b) =>
    textOf(a.parentRef, own) > textOf(b.parentRef, own) ? -1 : 1,
  );
}

function accepted(found: Attachment[]): Said {
  const bound = found.filter(({ denial }) => denial === undefined).length;
  if (bound > 0)
    return said('Accepted', bound === 1 ? 'Route was valid' : `Route was valid, bound to ${bound} parents`);
  const reason = DENIALS.find((one) => found.some(({ denial }) => denial?.reason === one));
  const messages = found.flatMap(({ denial }) => (denial?.reason === reason ? [denial?.message ?? ''] : []));
  return said('Accepted', messages.join('; '), reason, 'False');
}

/** A Gateway's status, with how many routes each listener has. */
export function gatewayStatus(
  { gateway, service }: FollowedGateway,
  { followed }: Translation,
  now: string,
): GatewayStatus {
  const generation = gateway.metadata.generation ?? 1;
  const { conditions: before = [], listeners: listenersBefore = [] } = gateway.status ?? {};
  const listeners = gateway.spec?.listeners ?? [];
  const ports = [...new Set(listeners.map(({ port }) => port))].sort((a, b) => a - b);
  const programmed =
    'host' in service
      ? said(
          'Programmed',
          `Resource programmed, assigned to service(s) ${ports.map((port) => `${service.host}:${port}`).join(', ')}`,
        )
      : said('Programmed', service.message, service.reason, 'False');
  return {
    ...('host' in service ? { addresses: [{ type: 'Hostname', value: service.host }] } : {}),
    conditions: conditions(
      [said('Accepted', 'Resource accepted'), programmed, said('ResolvedRefs', 'All references resolved')],
      generation,
      before,
      now,
    ),
    listeners: listeners.map((listener): ListenerStatus => {
      const old = listenersBefore.find(({ name }) => name === listener.name);
      return {
        attachedRoutes: attachedRoutes(listener, followed.routes),
        conditions: conditions(listenerConditions(listener), generation, old?.conditions ?? [], now),
        name: listener.name,
        supportedKinds: supportedKinds(listener).kinds,
      };
    }),
  };
}

function attachedRoutes(listener: Listener, routes: FollowedRoute[]): number {
  return routes.filter(({ attachments }) =>
    attachments.some(({ parent, denial }) => parent?.listener === listener && denial === undefined),
  ).length;
}

function listenerConditions(listener: Listener): Said[] {
  const fine = 'No errors found';
  const isServed = listener.protocol === 'HTTP';
  const refused = `this playground's gateway speaks plain HTTP, not ${listener.protocol}`;
  return [
    isServed ? said('Accepted', fine) : said('Accepted', refused, 'UnsupportedProtocol', 'False'),
    said('Conflicted', fine, 'NoConflicts', 'False'),
    isServed ? said('Programmed', fine) : said('Programmed', refused, 'Invalid', 'False'),
    supportedKinds(listener).valid
      ? said('ResolvedRefs', fine)
      : said('ResolvedRefs', 'Invalid route kinds', 'InvalidRouteKinds', 'False'),
  ];
}
