/** Where an HTTPRoute may lead: Services of its own namespace, and of others whose ReferenceGrant lets it. */
import {
  namespaceOf,
  UNKNOWN_BACKEND,
  type Destination,
  type ServiceObject,
} from '../istiod/istio-objects.ts';
import { GATEWAY_API, type BackendReference, type ReferenceGrant } from './objects.ts';

/** Why a route, or a part of it, is not as its author meant. `fatal`: none of its rules is followed. */
export interface RouteError {
  reason: string;
  message: string;
  fatal?: true;
}

export interface ReferenceContext {
  services: ReadonlyMap<string, ServiceObject>;
  grants: ReferenceGrant[];
  /** Routes of the mesh need no grant. */
  needsGrant: boolean;
}

/**
 * A backend's destination. One that does not exist keeps its cluster's name and one that may not be
 * named has none: proxies answer 500 to either. A port that the Service lacks is no error, and a cluster
 * that no proxy has.
 */
export function backendDestination(
  to: BackendReference,
  routeNamespace: string,
  context: ReferenceContext,
): { destination: Destination; error?: RouteError } {
  const { group = '', kind = 'Service', name, namespace = routeNamespace, port } = to;
  if (context.needsGrant && namespace !== routeNamespace && !isGranted(to, routeNamespace, context.grants)) {
    const message = `backendRef ${name}/${namespace} not accessible to a HTTPRoute in namespace "${routeNamespace}" (missing a ReferenceGrant?)`;
    return { destination: { host: UNKNOWN_BACKEND }, error: { reason: 'RefNotPermitted', message } };
  }
  if (group !== '' || kind !== 'Service') {
    const message = `referencing unsupported backendRef: group "${group}" kind "${kind}"`;
    return { destination: { host: UNKNOWN_BACKEND }, error: { reason: 'InvalidKind', message } };
  }
  const fatal = (message: string): { destination: Destination; error: RouteError } => ({
    destination: { host: UNKNOWN_BACKEND },
    error: { reason: 'InvalidDestination', message, fatal: true },
  });
  if (name.includes('.'))
    return fatal('service name invalid; the name of the Service must be used, not the hostname.');
  if (port === undefined) return fatal('port is required in backendRef');
  const host = `${name}.${namespace}.svc.cluster.local`;
  const destination = { host, port: { number: port } };
  if (context.services.has(`${namespace}/${name}`)) return { destination };
  return { destination, error: { reason: 'BackendNotFound', message: `backend(${host}) not found` } };
}

function isGranted(to: BackendReference, routeNamespace: string, grants: ReferenceGrant[]): boolean {
  return grants
    .filter((grant) => namespaceOf(grant) === to.namespace)
    .some(
      ({ spec }) =>
        (spec?.from ?? []).some(
          ({ group, kind, namespace }) =>
            group === GATEWAY_API && kind === 'HTTPRoute' && namespace === routeNamespace,
        ) &&
        (spec?.to ?? []).some(
          ({ group, kind, name }) =>
            group === (to.group ?? '') &&
            kind === (to.kind ?? 'Service') &&
            (name === undefined || name === '' || name === to.name),
        ),
    );
}
