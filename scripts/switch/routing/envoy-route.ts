/** Where a route of a proxy leads, as its dump says. */
import type { EnvoyRoute } from '../../shared/istio/envoy-answers.ts';

/** Every cluster that gets its requests, or copies of them. */
export function clustersOf({ route }: EnvoyRoute): string[] {
  return [
    route?.cluster,
    ...(route?.weighted_clusters?.clusters ?? []).map(({ name }) => name),
    ...(route?.request_mirror_policies ?? []).map(({ cluster }) => cluster),
  ].filter((name) => name !== undefined);
}

/** By a header of each request, or by a plugin: such a route may lead to any version. */
export function isChosenElsewhere({ route = {} }: EnvoyRoute): boolean {
  return (
    route.cluster_header !== undefined ||
    route.cluster_specifier_plugin !== undefined ||
    route.inline_cluster_specifier_plugin !== undefined ||
    (route.weighted_clusters?.clusters ?? []).some(({ cluster_header: header }) => (header ?? '') !== '')
  );
}
