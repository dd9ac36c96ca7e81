/** What of the ambient mesh stands in the way of the proofs. A waypoint of somebody else's does no harm. */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { nameOf } from '../proofs/proxies.ts';
import { refuse } from '../refuse.ts';
import type { Check, Facts } from './check.ts';

/** Istio's CNI writes it once a node's ztunnel carries a pod's traffic. */
const REDIRECTION = 'ambient.istio.io/redirection';
/** https://istio.io/latest/docs/ambient/usage/waypoint/ */
const USE_WAYPOINT = 'istio.io/use-waypoint';
const WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace';

const REASON = "its routes stand inside the waypoint's listener, where they cannot be proven yet";

/** Proxies reach a pod of the ambient mesh through a tunnel: its address and its requests are not seen. */
export const noAmbientPods: Check = {
  title: 'no pod is in the ambient mesh',
  async run({ context: { cluster, signal }, state }) {
    const { selector = {} } = state.service.spec;
    const labelSelector = Object.entries(selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const pods = await cluster.list<Pod>(resources.pods, { labelSelector, signal });
    const [pod, ...more] = pods.filter(({ metadata }) => metadata.annotations?.[REDIRECTION] === 'enabled');
    if (pod === undefined) return [];
    const others = more.length > 0 ? ` (and ${more.length} more)` : '';
    return refuse(
      `pod ${pod.metadata.name}${others} is in the ambient mesh (${REDIRECTION}: enabled): proxies reach it through a tunnel, ` +
        'where its requests cannot be counted. Label the pods istio.io/dataplane-mode=none and give them sidecars',
    );
  },
};

/** Only the Services of the app and their namespace count: a waypoint elsewhere has none of the routes. */
export const notBoundToWaypoint: Check = {
  title: 'no waypoint leads the requests',
  async run(facts) {
    const { context, state } = facts;
    const versions = context.lastSeen.objects
      .filter(({ resource }) => resource.kind === resources.services.kind)
      .map(({ object }) => object);
    const services = new Map<string, KubernetesObject>(
      [state.service, ...versions].map((service) => [service.metadata.name, service]),
    );
    for (const service of services.values()) {
      const waypoint = waypointOf(service, context.namespace);
      const { name } = service.metadata;
      if (waypoint !== undefined)
        refuse(
          `Service ${name} is bound to the waypoint ${waypoint} (${USE_WAYPOINT}): ${REASON}. Take it out: kubectl label service ${name} ${USE_WAYPOINT}-`,
        );
    }
    // A label of its own, `none` for instance, stands above that of the namespace.
    const open = [...services.values()].find(({ metadata }) => metadata.labels?.[USE_WAYPOINT] === undefined);
    if (open !== undefined) await verifyNamespace(facts, open.metadata.name);
    return [];
  },
};

/** @param service that has no label of its own */
async function verifyNamespace({ context, proxies }: Facts, service: string): Promise<void> {
  const { cluster, namespace, signal } = context;
  const optOut = `kubectl label service ${service} ${USE_WAYPOINT}=none`;
  const found = await cluster
    .get<KubernetesObject>(resources.namespaces, namespace, { signal })
    .catch((error: unknown): 'unseen' => {
      if (error instanceof ClusterError && error.status === 403) return 'unseen';
      throw error;
    });
  if (found === 'unseen') {
    // The rights of a switch leave namespaces out: they matter only where there are waypoints.
    const running = proxies.find(({ type }) => type === 'waypoint');
    if (running !== undefined)
      refuse(
        `${nameOf(running)} is a waypoint, and whether the namespace ${namespace} is bound to it cannot be read: ` +
          `allow get namespaces, or say that Service ${service} is not: ${optOut}`,
      );
    return;
  }
  const waypoint = found && waypointOf(found, namespace);
  if (waypoint !== undefined)
    refuse(
      `the namespace ${namespace} is bound to the waypoint ${waypoint} (${USE_WAYPOINT}), and Service ${service} with it: ${REASON}. Take the Service out: ${optOut}`,
    );
}

/** `shop/waypoint`, by namespace and name; undefined where the object names none. */
function waypointOf({ metadata: { labels = {} } }: KubernetesObject, namespace: string): string | undefined {
  const name = labels[USE_WAYPOINT];
  if (name === undefined || name === '' || name === 'none') return undefined;
  return `${labels[WAYPOINT_NAMESPACE] ?? namespace}/${name}`;
}
