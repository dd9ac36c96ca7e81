/** The destinations of a proxy's route, read from its dump. */
import type { EnvoyRoute } from '../../shared/istio/envoy-answers.ts';

/** Every cluster that gets the route's requests or copies of them. */
export function clustersOf({ route }: EnvoyRoute): string[] {
  return [
    route?.cluster,
    ...(route?.weighted_clusters?.clusters ?? []).map(({ name }) => name),
    ...(route?.request_mirror_policies ?? []).map(({ cluster }) => cluster),
  ].filter((name) => name !== undefined);
}

/** Whether a header of each request or a plugin chooses the cluster: such a route may lead to any version. */
export function isChosenElsewhere({ route = {} }: EnvoyRoute): boolean {
  return (
    route.cluster_header !== undefined ||
    route.cluster_specifier_plugin !== undefined ||
    route.inline_cluster_specifier_plugin !== undefined ||
    (route.weighted_clusters?.clusters ?? []).some(({ cluster_header: header }) => (header ?? '') !== '')
  );
}
