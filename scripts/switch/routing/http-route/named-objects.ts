/** The HTTPRoute of an app: named after it, or as an annotation of its Service says. */
import { ClusterError } from '../../../shared/cluster/errors.ts';
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import type { RouteTarget, TrafficRouting } from '../traffic-routing.ts';
import type { HTTPRoute } from './http-route.ts';
import { createHttpRouteRouting } from './http-route-routing.ts';

/** On the Service: which HTTPRoute routes it. */
export const HTTP_ROUTE_ANNOTATION = 'zero-downtime/http-route';

/** @returns undefined where there is none, or none that may be read from here */
export async function readHttpRouteRouting(
  cluster: Cluster,
  app: Service,
  target: RouteTarget,
): Promise<TrafficRouting | undefined> {
  const { name, annotations = {} } = app.metadata;
  const wanted = annotations[HTTP_ROUTE_ANNOTATION] ?? name;
  const route = await cluster.get<HTTPRoute>(resources.httpRoutes, wanted).catch(unlessAbsent);
  if (route === undefined) return undefined;
  const services = await cluster.list<Service>(resources.services);
  return createHttpRouteRouting({ route, app, services }, target);
}

/**
 * A switch of subsets needs no right to HTTPRoutes, and a cluster need not have Gateway API: of a kind that
 * it does not know the API server says 404.
 */
function unlessAbsent(error: unknown): undefined {
  if (error instanceof ClusterError && (error.status === 403 || error.status === 404)) return undefined;
  throw error;
}
