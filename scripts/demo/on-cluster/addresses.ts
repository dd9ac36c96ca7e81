import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';

/** The fields of Services and Nodes that hold addresses for callers outside. */
export interface EntryService extends KubernetesObject {
  spec: { ports?: { name?: string; port: number; nodePort?: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export interface EntryNode extends KubernetesObject {
  status?: { addresses?: { type: string; address: string }[] };
}

/**
 * Addresses of one port of a Service, the likeliest first: the load
 * balancer, then the node port of each node.
 */
export function addressesOf(service: EntryService, port: number, nodes: EntryNode[]): string[] {
  const balancers = (service.status?.loadBalancer?.ingress ?? []).flatMap(
    ({ ip, hostname }) => ip ?? hostname ?? [],
  );
  const nodePort = service.spec.ports?.find((candidate) => candidate.port === port)?.nodePort;
  const nodeAddresses = ['ExternalIP', 'InternalIP'].flatMap((type) =>
    nodes.flatMap(({ status }) =>
      (status?.addresses ?? []).filter((each) => each.type === type).map(({ address }) => address),
    ),
  );
  return [
    ...balancers.map((address) => urlOf(address, port)),
    ...(nodePort === undefined ? [] : nodeAddresses.map((address) => urlOf(address, nodePort))),
  ];
}

function urlOf(address: string, port: number): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `http://${host}${port === 80 ? '' : `:${port}`}`;
}

export const howToReachGateway =
  'Forward to the gateway and name it: kubectl --namespace istio-system port-forward service/istio-ingressgateway 8080:80, then --gateway http://127.0.0.1:8080';

/** Addresses of the ingress gateway's port 80 for callers outside. */
export async function gatewayAddresses(cluster: Cluster, signal: AbortSignal): Promise<string[]> {
  const services = await cluster.list<EntryService>(resources.services, {
    namespace: '*',
    labelSelector: 'istio=ingressgateway',
    signal,
  });
  const nodes = await cluster.list<EntryNode>(resources.nodes, { signal });
  return services.flatMap((service) => addressesOf(service, 80, nodes));
}

/** The ingress gateway's address for pods. */
export async function gatewayInside(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const [service] = await cluster.list<EntryService>(resources.services, {
    namespace: '*',
    labelSelector: 'istio=ingressgateway',
    signal,
  });
  const { name = 'istio-ingressgateway', namespace = 'istio-system' } = service?.metadata ?? {};
  return `http://${name}.${namespace}.svc.cluster.local`;
}

/** Addresses of a NodePort Service of the connection's namespace for callers outside. */
export async function serviceAddresses(
  cluster: Cluster,
  name: string,
  port: number,
  signal: AbortSignal,
): Promise<string[]> {
  const service = await cluster.get<EntryService>(resources.services, name, { signal });
  return service
    ? addressesOf(service, port, await cluster.list<EntryNode>(resources.nodes, { signal }))
    : [];
}
