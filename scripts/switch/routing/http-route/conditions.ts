/**
 * What the controller says of an HTTPRoute. A veto, and never a proof: it is said by one istiod, before any
 * proxy has the rules, and stays True where a port is missing or a match is there twice.
 */
import type { KubernetesObject } from '../../../shared/kubernetes.ts';
import type { HTTPRoute } from './http-route.ts';

const VETOES = ['Accepted', 'ResolvedRefs'];
export const ISTIO_CONTROLLER = 'istio.io/gateway-controller';

/** Why Istio does not take this very generation of the HTTPRoute, as far as it has said so. */
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
