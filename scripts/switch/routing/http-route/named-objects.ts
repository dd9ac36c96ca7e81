/** Finds the HTTPRoute of an app: by the app's name, or by the name in an annotation of its Service. */
import { isOutOfReach } from '../../../shared/cluster/errors.ts';
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import type { Service } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import { annotatedName } from '../annotated-name.ts';
import type { RouteTarget, TrafficRouting } from '../traffic-routing.ts';
import type { HTTPRoute } from './http-route.ts';
import { createHttpRouteRouting } from './http-route-routing.ts';

/** Annotation on the Service: the name of the HTTPRoute that routes it. */
export const HTTP_ROUTE_ANNOTATION = 'zero-downtime/http-route';

/** @returns undefined where there is no HTTPRoute, or it may not be read */
export async function readHttpRouteRouting(
  cluster: Cluster,
  app: Service,
  target: RouteTarget,
): Promise<TrafficRouting | undefined> {
  const wanted = annotatedName(HTTP_ROUTE_ANNOTATION, app.metadata.name, app);
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
  if (isOutOfReach(error)) return undefined;
  throw error;
}
