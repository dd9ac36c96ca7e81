import type { SocketAddress } from '../../network-types.ts';
import type { Resource, TypeUrl } from '../xds-types.ts';

/** One proxy as the data plane is asked to run it. Every address is a real socket address of this machine. */
export interface ProxySpec {
  id: string;
  /** `pod.namespace` */
  name: string;
  type: 'router' | 'sidecar';
  podIp: string;
  /** Envoy's admin, 127.0.0.1:15000 within the pod. */
  admin: SocketAddress;
  /**
   * pilot-agent: `:15020` (health of the app, drain) and `:15021` (health of the proxy), outside and inside.
   */
  status: SocketAddress[];
  health: SocketAddress[];
  /** `:15090`, the proxy's statistics for Prometheus, outside and inside. */
  stats: SocketAddress[];
  /** Sidecars: where the pod's callers connect, and where the app listens. */
  inbound: { port: number; outside: SocketAddress; inside: SocketAddress }[];
  /** Sidecars: where the pod's own calls leave, `:15001` within the pod. */
  outbound?: SocketAddress;
  /** Sidecars: the node's list of Services, by which a call is passed on that the mesh says nothing of. */
  servicesFile?: string;
  /** Gateways: the sockets behind each pod port that a listener may open. */
  gateway?: { port: number; sockets: SocketAddress[] }[];
  /** Statistics shown besides those that Istio includes by default, by the prefixes of their names. */
  statsPrefixes?: string[];
  /** What the app's probes and hooks were rewritten from. */
  probers: Record<string, AppProber>;
}

export interface AppProber {
  target: SocketAddress;
  path: string;
  headers: { name: string; value: string }[];
  timeoutMs: number;
}

export interface ResourcePush {
  proxyId: string;
  typeUrl: TypeUrl;
  nonce: string;
  /** Shown by the admin port as `version_text`. */
  version: string;
  changed: Resource[];
  removed: string[];
  /** Where pod addresses (`ip:port`) are on this machine. */
  sockets: [string, SocketAddress][];
}

export type ToDataPlane =
  | { kind: 'start'; proxy: ProxySpec }
  | ({ kind: 'push' } & ResourcePush)
  | { kind: 'drain'; proxyId: string }
  | { kind: 'stop'; proxyId: string };

export type FromDataPlane =
  | { kind: 'ready' }
  | { kind: 'started'; proxyId: string; error?: string; publicAddress?: SocketAddress }
  | { kind: 'ack'; proxyId: string; typeUrl: TypeUrl; nonce: string; error?: string; warming: number }
  | { kind: 'log'; proxyId: string; text: string }
  /** A defect that did not end the process: reported on the playground's terminal. */
  | { kind: 'fault'; text: string }
  | { kind: 'stopped'; proxyId: string };
