import type { PodNetwork, SocketAddress } from '../network-types.ts';
import type { KubeObject } from '../storage/types.ts';
import type { AppProber, ProxySpec } from './data-plane/messages.ts';
import type { AppProbers, Container } from './inject/probe-rewrite.ts';

/** The proxy's own ports in every pod that has one. */
export const PROXY_PORTS = [15000, 15001, 15020, 15021, 15090];

/** https://istio.io/latest/docs/reference/config/annotations/#SidecarStatsInclusionPrefixes */
const STATS_PREFIXES = 'sidecar.istio.io/statsInclusionPrefixes';

function both(network: PodNetwork, ip: string, port: number): SocketAddress[] {
  const found = [network.outside(ip, port), network.inside(ip, port)].filter((one) => one !== undefined);
  const seen = new Set<string>();
  return found.filter(({ host, port: number }) => {
    const key = `${host}:${number}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function required(socket: SocketAddress | undefined, ip: string, port: number): SocketAddress {
  if (socket === undefined) throw new Error(`The pod network has no socket for ${ip}:${port}.`);
  return socket;
}

export function sidecarSpec(
  network: PodNetwork,
  pod: { namespace: string; name: string; uid: string; ip: string; ports: number[] },
  object: KubeObject | undefined,
  servicesFile: string | undefined,
): ProxySpec {
  const { ip } = pod;
  const statsPrefixes = object?.metadata.annotations?.[STATS_PREFIXES];
  return {
    id: pod.uid,
    name: `${pod.name}.${pod.namespace}`,
    type: 'sidecar',
    podIp: ip,
    admin: required(network.inside(ip, 15000), ip, 15000),
    status: both(network, ip, 15020),
    health: both(network, ip, 15021),
    stats: both(network, ip, 15090),
    inbound: [...new Set(pod.ports)].map((port) => ({
      port,
      outside: required(network.outside(ip, port), ip, port),
      inside: required(network.inside(ip, port), ip, port),
    })),
    outbound: required(network.inside(ip, 15001), ip, 15001),
    ...(servicesFile === undefined ? {} : { servicesFile }),
    ...(statsPrefixes === undefined ? {} : { statsPrefixes: statsPrefixes.split(',') }),
    probers: probers(network, ip, object),
  };
}

export function gatewaySpec(
  network: PodNetwork,
  pod: { name: string; uid: string; ip: string; namespace: string },
  publicAddress: SocketAddress = { host: '127.0.0.1', port: 0 },
): ProxySpec {
  const { ip } = pod;
  return {
    id: pod.uid,
    name: `${pod.name}.${pod.namespace}`,
    type: 'router',
    podIp: ip,
    admin: required(network.inside(ip, 15000), ip, 15000),
    status: both(network, ip, 15020),
    health: both(network, ip, 15021),
    stats: both(network, ip, 15090),
    inbound: [],
    // The last socket is the public one: where callers from outside the cluster reach the gateway's port 80.
    gateway: [
      {
        port: 8080,
        sockets: [required(network.outside(ip, 8080), ip, 8080), publicAddress],
      },
    ],
    probers: {},
  };
}

/** What injection left in the proxy's environment about the app's probes and hooks, with real sockets. */
function probers(network: PodNetwork, ip: string, object: KubeObject | undefined): Record<string, AppProber> {
  const spec = object?.spec as { containers?: Container[]; initContainers?: Container[] } | undefined;
  const proxy = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(
    (one) => one.name === 'istio-proxy',
  );
  const text = proxy?.env?.find((variable) => variable.name === 'ISTIO_KUBE_APP_PROBERS')?.value;
  if (text === undefined) return {};
  const result: Record<string, AppProber> = {};
  for (const [path, { httpGet, timeoutSeconds }] of Object.entries(JSON.parse(text) as AppProbers)) {
    const target = network.inside(ip, httpGet.port);
    if (target === undefined) continue;
    const wanted = httpGet.path ?? '/';
    result[path] = {
      target,
      path: wanted.startsWith('/') ? wanted : `/${wanted}`,
      headers: httpGet.httpHeaders ?? [],
      // A hook may take as long as the pod's grace period allows.
      timeoutMs: (timeoutSeconds ?? 0) * 1000,
    };
  }
  return result;
}
