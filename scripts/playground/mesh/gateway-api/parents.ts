/** Which listeners and Services each HTTPRoute is bound to, and why not. */
import { covers, namespaceOf, type ServiceObject } from '../istiod/istio-objects.ts';
import type { ParentListener } from './listeners.ts';
import { GATEWAY_API, type HttpRoute, type ParentReference } from './objects.ts';

/** In the order in which one of several is reported. */
export const DENIALS = ['NotAllowedByListeners', 'NoMatchingListenerHostname', 'NoMatchingParent'] as const;

export interface Denial {
  reason: (typeof DENIALS)[number];
  message: string;
}

/** One parent of a route: a listener, or the mesh at a Service. */
export interface Attachment {
  reference: ParentReference;
  /** None: a Service. */
  parent?: ParentListener;
  denial?: Denial;
  /**
   * Whether the route has this host at this parent: a listener with a narrower name of the same port
   * takes it else.
   */
  servesHost: (host: string) => boolean;
}

/**
 * Every parent that a route names and that is istiod's business; several for one reference when a
 * Gateway has several listeners.
 */
export function attachments(
  route: HttpRoute,
  listeners: ParentListener[],
  services: ReadonlyMap<string, ServiceObject>,
): Attachment[] {
  const namespace = namespaceOf(route);
  return (route.spec?.parentRefs ?? []).flatMap((reference): Attachment[] => {
    const { group = GATEWAY_API, kind = 'Gateway', name, namespace: owner = namespace } = reference;
    if (group === '' && kind === 'Service') {
      const exists = services.has(`${owner}/${name}`);
      const denial = { reason: 'NoMatchingParent', message: `parent service: "${name}" not found` } as const;
      return [{ reference, servesHost: () => true, ...(exists ? {} : { denial }) }];
    }
    if (group !== GATEWAY_API || kind !== 'Gateway') return [];
    const ofGateway = listeners.filter(
      ({ gateway }) => namespaceOf(gateway) === owner && gateway.metadata.name === name,
    );
    return ofGateway.map((parent) => {
      const denial = denialOf(route, reference, parent);
      return {
        reference,
        parent,
        servesHost: (host) => isNarrowest(host, parent, ofGateway),
        ...(denial === undefined ? {} : { denial }),
      };
    });
  });
}

function denialOf(route: HttpRoute, reference: ParentReference, parent: ParentListener): Denial | undefined {
  const { port, sectionName } = reference;
  const { listener } = parent;
  if (port !== undefined && port !== listener.port)
    return { reason: 'NoMatchingParent', message: `port ${port} not found` };
  if (sectionName !== undefined && sectionName !== listener.name)
    return { reason: 'NoMatchingParent', message: `sectionName "${sectionName}" not found` };
  const hosts = route.spec?.hostnames ?? [];
  const { hostname = '' } = listener;
  const matches =
    hosts.length === 0 || hostname === '' || hosts.some((host) => overlap(hostname, host) !== undefined);
  if (!matches)
    return {
      reason: 'NoMatchingListenerHostname',
      message: `no hostnames matched parent hostname "${hostname}"`,
    };
  if (!parent.admits(namespaceOf(route)))
    return {
      reason: 'NotAllowedByListeners',
      message: `hostnames matched parent hostname "${hostname}", but namespace "${namespaceOf(route)}" is not allowed by the parent`,
    };
  return parent.supportedKinds.some(({ kind }) => kind === 'HTTPRoute')
    ? undefined
    : { reason: 'NotAllowedByListeners', message: `kind ${GATEWAY_API}/v1/HTTPRoute is not allowed` };
}

/** The narrower of two host names of which one covers the other. */
function overlap(a: string, b: string): string | undefined {
  return covers(a, b) ? b : covers(b, a) ? a : undefined;
}

function isNarrowest(host: string, parent: ParentListener, all: ParentListener[]): boolean {
  const own = parent.listener.hostname ?? '*';
  if (own !== '*' && !own.startsWith('*')) return true;
  if (overlap(own, host) === undefined) return false;
  return !all.some(({ listener }) => {
    const other = listener.hostname ?? '*';
    return (
      listener !== parent.listener &&
      listener.port === parent.listener.port &&
      other.length >= own.length &&
      covers(other, host)
    );
  });
}
