/** Reads the routing and the pods of the cluster, once. */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { fullHost, receivers } from '../../shared/istio-routes.ts';
import type {
  Deployment,
  DestinationRule,
  KubernetesObject,
  Pod,
  Service,
  VirtualService,
} from '../../shared/kubernetes.ts';
import { resources, type Resource } from '../../shared/resources.ts';
import type { Traffic } from './dead-routes.ts';

/** The objects of the sets, each with its namespace. */
export interface Brought {
  virtualServices: VirtualService[];
  destinationRules: DestinationRule[];
  services: Service[];
  deployments: Deployment[];
}

/** Lists in the namespaces of the objects, and of the Services that they route to. */
export async function readTraffic(cluster: Cluster, brought: Brought): Promise<Traffic> {
  const namespaces = namespacesOf(brought);
  const list = async <T extends KubernetesObject>(resource: Resource): Promise<T[]> => {
    const found = await Promise.all(
      namespaces.map((namespace) =>
        cluster.list<T>(resource, { namespace }).catch((error: unknown) => {
          // Istio is not installed yet.
          if (error instanceof ClusterError && error.status === 404) return [];
          throw error;
        }),
      ),
    );
    return found.flat();
  };
  const [virtualServices, destinationRules, services, pods] = await Promise.all([
    list<VirtualService>(resources.virtualServices),
    list<DestinationRule>(resources.destinationRules),
    list<Service>(resources.services),
    list<Pod>(resources.pods),
  ]);
  return { virtualServices, destinationRules, services, pods };
}

function namespacesOf({ virtualServices, destinationRules }: Brought): string[] {
  const home = ({ metadata: { namespace = '' } }: KubernetesObject) => namespace;
  const hosts = [
    ...virtualServices.flatMap((one) => receivers(one).map(({ host }) => fullHost(host, home(one)))),
    ...destinationRules.map((one) => fullHost(one.spec.host, home(one))),
  ];
  const ofHosts = hosts.flatMap((host) => /^[^.*]+\.([^.]+)\.svc\./.exec(host)?.[1] ?? []);
  return [...new Set([...[...virtualServices, ...destinationRules].map(home), ...ofHosts])];
}
