/**
 * Refuses Istio objects whose routes lead to no ready pod: files from before the last switch would send all
 * traffic to a version that is gone. It reads the cluster once, and only where the sets hold such objects.
 */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources, type Resource } from '../../shared/resources.ts';
import { InputError } from '../sets/input-error.ts';
import { brings, isFor, routesIn, serversOf, type Route, type Traffic } from './dead-routes.ts';
import { readTraffic, type Brought } from './read-traffic.ts';

/**
 * @param warn called with the reason when the check is impossible
 * @throws DeadRouteError that names the route, and what serves now
 */
export async function verifyRoutes(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  warn: (text: string) => void,
): Promise<void> {
  try {
    const brought = broughtBy(objects, cluster.namespace);
    if (brought.virtualServices.length + brought.destinationRules.length === 0) return;
    const live = await readTraffic(cluster, brought);
    const [dead] = deadRoutes(live, brought);
    if (dead !== undefined) throw refusal(dead, live, brought);
  } catch (error) {
    // No right to read, or invalid objects: the API server will report those itself.
    const isNotOurs = error instanceof TypeError || (error instanceof ClusterError && error.status === 403);
    if (!isNotOurs) throw error;
    warn(notLookedAt(error));
  }
}

/** A route would be dead. */
export class DeadRouteError extends InputError {
  constructor(message: string) {
    super(message, 2);
  }
}

/** The routes that would be dead once the sets are sent. */
export function deadRoutes(live: Traffic, brought: Brought): Route[] {
  const after: Traffic = {
    virtualServices: overlaid(live.virtualServices, brought.virtualServices),
    destinationRules: overlaid(live.destinationRules, brought.destinationRules),
    services: overlaid(live.services, brought.services),
    pods: live.pods,
  };
  const isBrought = ({ virtualService }: Route) => brought.virtualServices.some(isNamed(virtualService));
  // Of routes outside the sets, only those that a DestinationRule of the sets would make dead.
  const ends = (route: Route) =>
    brought.destinationRules.some((rule) => isFor(rule, route.host)) &&
    routesIn(live).some((one) => one.isServed && isSame(one, route));
  return routesIn(after).filter(
    (route) =>
      !route.isServed &&
      (isBrought(route) || ends(route)) &&
      // Allow a first install: its pods come with it, and nothing serves until then.
      !(brought.deployments.some((one) => brings(one, route)) && serversOf(route.host, live).length === 0),
  );
}

function refusal(route: Route, live: Traffic, { deployments }: Brought): DeadRouteError {
  const { virtualService, host, subset, labels } = route;
  const servers = serversOf(host, live);
  const why =
    labels === undefined
      ? `no DestinationRule has that subset of ${host}`
      : `no pod of ${subset} is ready${deployments.some((one) => brings(one, route)) ? ' yet' : ''}`;
  const now = servers.length === 0 ? 'nobody serves now' : `${servers.join(' and ')} serves now`;
  return new DeadRouteError(
    `VirtualService ${virtualService.metadata.name} would send requests to subset ${subset}, and ${why}: they would be answered 503 (${now}). Nothing was sent. ` +
      'Write what serves into the files (npm run switch -- status says it), or send them all the same with --force-dead-routes.',
  );
}

function broughtBy(objects: readonly KubernetesObject[], namespace: string): Brought {
  const of = <T extends KubernetesObject>({ kind, group }: Resource): T[] =>
    objects
      .filter(
        (one) => one.kind === kind && (one.apiVersion ?? '').startsWith(group === '' ? 'v1' : `${group}/`),
      )
      .map((one) => ({ ...(one as T), metadata: { namespace, ...one.metadata } }));
  return {
    virtualServices: of(resources.virtualServices),
    destinationRules: of(resources.destinationRules),
    services: of(resources.services),
    deployments: of(resources.deployments),
  };
}

function overlaid<T extends KubernetesObject & { spec: object }>(
  live: readonly T[],
  brought: readonly T[],
): T[] {
  const merged = brought.map((one) => {
    const there = live.find(isNamed(one));
    return there === undefined ? one : { ...one, spec: { ...there.spec, ...one.spec } };
  });
  return [...live.filter((one) => !brought.some(isNamed(one))), ...merged];
}

const isNamed =
  ({ metadata }: KubernetesObject) =>
  (other: KubernetesObject): boolean =>
    metadata.name === other.metadata.name && metadata.namespace === other.metadata.namespace;

const isSame = (one: Route, other: Route): boolean =>
  one.host === other.host && one.subset === other.subset && isNamed(one.virtualService)(other.virtualService);

/** Names for a warning. */
export const notLookedAt = (error: unknown): string =>
  `whether the routes lead to ready pods was not checked: ${messageOf(error)}`;
