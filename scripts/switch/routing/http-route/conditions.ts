/**
 * The conditions that the controller writes to an HTTPRoute. They can refuse, but prove nothing: one istiod
 * writes them before any proxy has the rules, and they stay True for a missing port or a repeated match.
 */
import type { KubernetesObject } from '../../../shared/kubernetes.ts';
import type { HTTPRoute } from './http-route.ts';

const VETOES = ['Accepted', 'ResolvedRefs'];
export const ISTIO_CONTROLLER = 'istio.io/gateway-controller';

/** Why Istio does not accept this generation of the HTTPRoute; undefined where no condition says so. */
export function refusalOf(object: KubernetesObject): string | undefined {
  const { metadata, status } = object as HTTPRoute;
  for (const { controllerName, parentRef, conditions = [] } of status?.parents ?? []) {
    if (controllerName !== ISTIO_CONTROLLER) continue;
    const no = conditions.find(
      ({ type, status: is, observedGeneration = 0 }) =>
        VETOES.includes(type) && is === 'False' && observedGeneration >= (metadata.generation ?? 0),
    );
    if (no !== undefined)
      return `HTTPRoute ${metadata.name} is refused for ${parentRef?.kind ?? 'Gateway'} ${parentRef?.name ?? ''}: ${no.type} is False, ${no.reason ?? ''} (${no.message ?? ''})`;
  }
  return undefined;
}
