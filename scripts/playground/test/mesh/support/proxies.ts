import { Proxy } from '../../../mesh/data-plane/proxy.ts';
import { loadAssignments } from '../../../mesh/istiod/endpoints.ts';
import { outboundClusters, type HostPolicy } from '../../../mesh/istiod/clusters.ts';
import type { TrafficPolicy } from '../../../mesh/istiod/istio-objects.ts';
import type { MeshService } from '../../../mesh/istiod/services.ts';
import { DEFAULT_RETRY_POLICY } from '../../../mesh/istiod/retry-policy.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  type ListenerJson,
  type Resource,
  type RouteJson,
  type TypeUrl,
} from '../../../mesh/xds-types.ts';

export interface Address {
  host: string;
  port: number;
}

const ANY = { host: '127.0.0.1', port: 0 };
let count = 0;

/** Gives a proxy resources as a push would. Returns its rejection, if any. */
export async function give(
  proxy: Proxy,
  typeUrl: TypeUrl,
  changed: Resource[],
  removed: string[] = [],
): Promise<string | undefined> {
  return proxy.apply({
    proxyId: proxy.spec.id,
    typeUrl,
    nonce: 'n',
    version: 'v',
    changed,
    removed,
    sockets: [],
  });
}

/**
 * A gateway on a public socket, with a listener and nothing else.
 * Endpoint `10.0.0.N:8080` is at `sockets[N]`.
 */
export async function startGateway(sockets: Address[] = []): Promise<{ proxy: Proxy; address: Address }> {
  count += 1;
  const proxy = new Proxy(
    {
      id: `gateway-${count}`,
      name: 'istio-ingressgateway-1.istio-system',
      type: 'router',
      podIp: '10.0.1.1',
      admin: ANY,
      status: [],
      health: [],
      stats: [],
      inbound: [],
      gateway: [{ port: 8080, sockets: [ANY] }],
      statsPrefixes: ['cluster.outbound'],
      probers: {},
    },
    (ip, port) => sockets[Number(ip.split('.')[3])] ?? { host: ip, port },
  );
  const address = await proxy.start();
  if (address === undefined) throw new Error('the gateway has no address');
  const listener: ListenerJson = {
    name: '0.0.0.0_8080',
    address: { socket_address: { address: '0.0.0.0', port_value: 8080 } },
    route_config_name: 'http.8080',
  };
  await give(proxy, LISTENER_TYPE, [listener]);
  return { proxy, address };
}

/** A sidecar in front of an app. */
export async function startSidecar(app: Address): Promise<{ proxy: Proxy; address: Address }> {
  count += 1;
  const outside = await freePort();
  const proxy = new Proxy(
    {
      id: `sidecar-${count}`,
      name: 'app-1.default',
      type: 'sidecar',
      podIp: '10.0.0.1',
      admin: ANY,
      status: [],
      health: [],
      stats: [],
      inbound: [{ port: 8080, outside, inside: app }],
      outbound: ANY,
      probers: {},
    },
    (host, port) => ({ host, port }),
  );
  await proxy.start();
  await give(proxy, LISTENER_TYPE, [
    { name: 'virtualInbound', address: { socket_address: { address: '0.0.0.0', port_value: 15006 } } },
  ]);
  return { proxy, address: outside };
}

async function freePort(): Promise<Address> {
  const { closedPort } = await import('./apps.ts');
  return closedPort();
}

/** A service whose endpoints are `10.0.0.0` to `10.0.0.(count - 1)`, or in another network. */
export function service(endpoints: number, name = 'app', network = '10.0.0'): MeshService {
  return {
    name,
    namespace: 'default',
    host: `${name}.default.svc.cluster.local`,
    clusterIp: '10.96.0.1',
    ports: [
      {
        number: 8080,
        name: 'http',
        protocol: 'http',
        endpoints: Array.from({ length: endpoints }, (_, i) => ({
          ip: `${network}.${i}`,
          port: 8080,
          healthy: true,
          labels: {},
          workload: undefined,
          tlsMode: undefined,
        })),
      },
    ],
  };
}

/** What a DestinationRule with this policy makes of a host. */
export function policyOf(trafficPolicy: TrafficPolicy): HostPolicy {
  return {
    rule: {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'app', namespace: 'default', uid: '1', resourceVersion: '1', creationTimestamp: '' },
    },
    trafficPolicy,
    subsets: [],
  };
}

/**
 * Gives a proxy the service's clusters and endpoints, to be used in
 * turn (ROUND_ROBIN), so that tests know which comes next.
 */
export async function giveService(proxy: Proxy, one: MeshService): Promise<void> {
  const clusters = outboundClusters(one, undefined);
  for (const cluster of clusters) delete cluster.lb_policy;
  await give(proxy, CLUSTER_TYPE, clusters);
  await give(proxy, ENDPOINT_TYPE, loadAssignments(one, undefined));
}

/** Gives a gateway one route for host `app.example`. */
export async function giveRoute(
  proxy: Proxy,
  route: Partial<RouteJson> & { action?: RouteJson['route'] } = {},
): Promise<string | undefined> {
  const { action, ...rest } = route;
  const all: RouteJson = {
    match: { prefix: '/' },
    route: {
      cluster: 'outbound|8080||app.default.svc.cluster.local',
      timeout: '0s',
      retry_policy: DEFAULT_RETRY_POLICY,
      ...action,
    },
    name: 'r-app',
    ...rest,
  };
  return give(proxy, ROUTE_TYPE, [
    {
      name: 'http.8080',
      virtual_hosts: [{ name: 'app.example:80', domains: ['app.example'], routes: [all] }],
      validate_clusters: false,
    },
  ]);
}
