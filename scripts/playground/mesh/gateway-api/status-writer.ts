/**
 * The one istiod that leads writes what Gateway API's objects have come to, and makes the classes that
 * it serves. Its word is about its own translation: it comes before the proxies have it.
 */
import { timestamp } from '../../storage/clock.ts';
import { isStatusError } from '../../apiserver/status-error.ts';
import type { KubeObject, ObjectStore } from '../../storage/types.ts';
import { namespaceOf, type MeshState } from '../istiod/istio-objects.ts';
import { CONTROLLER, GATEWAY_API, type GatewayClass, type HttpRoute, type K8sGateway } from './objects.ts';
import { gatewayStatus, routeParents } from './statuses.ts';
import { translateGatewayApi } from './translate.ts';

const WRITER = { subresource: 'status', fieldManager: 'pilot-discovery' } as const;
const V1 = `${GATEWAY_API}/v1`;

const CLASSES = [
  { name: 'istio', controllerName: CONTROLLER, description: 'The default Istio GatewayClass' },
  {
    name: 'istio-remote',
    controllerName: 'istio.io/unmanaged-gateway',
    description: 'Remote to this cluster. Does not deploy or affect configuration.',
  },
];

/**
 * Writes every status that is not what it should be. A write that fails because its object has gone is
 * none.
 */
export function writeGatewayApiStatuses(store: ObjectStore, state: MeshState): void {
  if (state.gatewayApi === undefined) return;
  const now = timestamp();
  for (const one of CLASSES) keepClass(store, one, state.gatewayApi.gatewayClasses, now);
  const translation = translateGatewayApi(state);
  for (const followed of translation.followed.gateways)
    write<K8sGateway>(store, 'gateways', followed.gateway, (draft) => {
      draft.status = gatewayStatus(
        { ...followed, gateway: asRead(draft, followed.gateway) },
        translation,
        now,
      );
    });
  for (const followed of translation.followed.routes)
    write<HttpRoute>(store, 'httproutes', followed.route, (draft) => {
      const parents = routeParents({ ...followed, route: asRead(draft, followed.route) }, now);
      if (parents.length > 0 || (draft.status?.parents ?? []).length > 0) draft.status = { parents };
    });
}

/** What was translated is the object of then, what stands in its status that of now. */
const asRead = <T extends KubeObject>(draft: T, translated: T): T => ({
  ...translated,
  ...(draft.status === undefined ? {} : { status: draft.status }),
});

function keepClass(
  store: ObjectStore,
  { name, controllerName, description }: (typeof CLASSES)[number],
  classes: GatewayClass[],
  now: string,
): void {
  const found = classes.find(({ metadata }) => metadata.name === name);
  const condition = {
    lastTransitionTime: now,
    ...{ type: 'Accepted', status: 'True' as const, reason: 'Accepted' },
    message: 'Handled by Istio controller',
    observedGeneration: 1,
  };
  if (found !== undefined && (found.status?.conditions ?? []).some(({ reason }) => reason === 'Accepted'))
    return;
  const object =
    found ??
    tolerant(() =>
      store.create<GatewayClass>(`${V1}/gatewayclasses`, {
        apiVersion: V1,
        kind: 'GatewayClass',
        metadata: { name },
        spec: { controllerName, description },
      }),
    );
  if (object !== undefined)
    write<GatewayClass>(store, 'gatewayclasses', object, (draft) => {
      draft.status = { conditions: [condition] };
    });
}

function write<T extends KubeObject>(
  store: ObjectStore,
  plural: string,
  object: T,
  change: (draft: T) => void,
): void {
  const { name, namespace } = object.metadata;
  const where = plural === 'gatewayclasses' ? undefined : (namespace ?? namespaceOf(object));
  tolerant(() => store.mutate<T>(`${V1}/${plural}`, where, name, change, WRITER));
}

/** An object that came or went meanwhile is looked at again with the change that says so. */
function tolerant<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!isStatusError(error)) throw error;
    return undefined;
  }
}
