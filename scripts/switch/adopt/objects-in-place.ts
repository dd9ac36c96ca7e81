/**
 * The VirtualService and the DestinationRule of a plain service. Where it has none: the object that
 * describes what the proxies do without it.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { DestinationRule, Lease, Service, VirtualService } from '../../shared/kubernetes.ts';
import { annotatedName } from '../routing/annotated-name.ts';
import {
  DESTINATION_RULE_ANNOTATION,
  VIRTUAL_SERVICE_ANNOTATION,
  lookForRoutes,
  lookForSubsets,
  namedDestinationRule,
  namedVirtualService,
  onlyOneOf,
} from '../routing/virtual-service/named-objects.ts';
import type { RouteTarget } from '../routing/traffic-routing.ts';

/** The name of the templates' route before the first switch. */
export const FIRST_ROUTE = 'first-release';

/** The VirtualService that a switch would find, else the only one that routes the host, whatever its name. */
export async function findRoutes(
  cluster: Cluster,
  service: Service,
  target: RouteTarget,
): Promise<VirtualService | undefined> {
  const named = await namedVirtualService(cluster, service.metadata.name, service);
  return named ?? onlyOneOf(await lookForRoutes(cluster, target), target);
}

/** The DestinationRule that a switch would find, else the only one for the host, whatever its name. */
export async function findRule(
  cluster: Cluster,
  service: Service,
  target: RouteTarget,
): Promise<DestinationRule | undefined> {
  const named = await namedDestinationRule(cluster, service.metadata.name, service);
  return named ?? onlyOneOf(await lookForSubsets(cluster, target), target);
}

/**
 * The VirtualService that does what a sidecar does without one: a request goes to any pod of the Service,
 * on the port that it was sent to.
 */
export function unrouted(service: Service): VirtualService {
  const { name: host } = service.metadata;
  const { ports = [] } = service.spec;
  const [only, ...others] = ports;
  const port = only !== undefined && others.length === 0 ? { port: { number: only.port } } : {};
  return {
    metadata: { name: annotatedName(VIRTUAL_SERVICE_ANNOTATION, service.metadata.name, service) },
    spec: { hosts: [host], http: [{ name: FIRST_ROUTE, route: [{ destination: { host, ...port } }] }] },
  };
}

/**
 * A DestinationRule without subsets. A proxy may still have a subset that was removed a moment ago. So the
 * barrier gets a name that no earlier run has used, made of the number of times the Lease changed hands.
 */
export function undivided(service: Service, lease: Lease | undefined): DestinationRule {
  const uid = lease?.metadata.uid ?? 'new';
  const generation = lease?.spec.leaseTransitions ?? 0;
  const { name: host } = service.metadata;
  return {
    metadata: {
      name: annotatedName(DESTINATION_RULE_ANNOTATION, service.metadata.name, service),
      uid,
      generation,
    },
    spec: { host, subsets: [] },
  };
}

/** The annotations by which a switch finds objects that are not named after the app. */
export function annotationsFor(
  service: Service,
  { routes, rule }: { routes: VirtualService | undefined; rule: DestinationRule | undefined },
): Record<string, string> {
  const found = [
    [VIRTUAL_SERVICE_ANNOTATION, routes],
    [DESTINATION_RULE_ANNOTATION, rule],
  ] as const;
  return Object.fromEntries(
    found.flatMap(([annotation, object]) =>
      object === undefined ||
      object.metadata.name === annotatedName(annotation, service.metadata.name, service)
        ? []
        : [[annotation, object.metadata.name]],
    ),
  );
}
