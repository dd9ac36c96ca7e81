import type { Readable } from 'node:stream';

/**
 * How a pod's addresses are found. Two modes: one 127.x address per
 * pod (Linux), or ports of its own on 127.0.0.1 (everywhere).
 */

export interface SocketAddress {
  host: string;
  port: number;
}

/**
 * The pods' network. A pod has an *outside* (where other pods, the kube-proxy and
 * the gateway connect: its sidecar's listener when it has one) and an *inside*
 * (what `localhost:PORT` means within the pod: the app itself, Envoy's admin).
 */
export interface PodNetwork {
  readonly mode: 'address-per-pod' | 'port-per-pod';
  /**
   * Reserves an address for the pod and a socket for each port, inside
   * and outside. Returns the pod's IP (status.podIP).
   */
  allocate(podUid: string, ports: number[]): Promise<string>;
  /** Adds ports that become known later, e.g. those of an injected sidecar (15000, 15021). */
  addPorts(podIp: string, ports: number[]): Promise<void>;
  /** Where a client outside the pod connects for podIp:port; undefined when no such pod or port exists. */
  outside(podIp: string, port: number): SocketAddress | undefined;
  /** Where a process inside the pod listens for (or reaches) localhost:port. */
  inside(podIp: string, port: number): SocketAddress | undefined;
  /**
   * Whether something (a sidecar) stands between outside and inside of
   * this pod; without it both are the same socket.
   */
  intercept(podIp: string, intercepted: boolean): void;
  release(podIp: string): void;
}

/**
 * What the kubelet asks of the mesh about one pod. The kubelet treats
 * a container named `istio-proxy` as this instead of a child process.
 */
export interface SidecarRuntime {
  /** Starts the pod's proxy; resolves when it serves (its config has arrived). */
  start(pod: {
    namespace: string;
    name: string;
    uid: string;
    ip: string;
    ports: number[];
    /** Takes what the proxy writes on its standard output. */
    log?: (output: Readable) => void;
  }): Promise<void>;
  /** GET :15021/healthz/ready */
  isReady(podUid: string): boolean;
  /** preStop of a native sidecar: drain inbound, keep serving. */
  drain(podUid: string): void;
  /**
   * SIGTERM. Classic: drain, then gone after terminationDrainDuration
   * (5 s). Native after its drain: gone at once. Resolves when gone.
   */
  terminate(podUid: string, mode: 'classic' | 'native'): Promise<void>;
  /** SIGKILL. */
  kill(podUid: string): void;
}

/** A pod network that holds a part of the machine's loopback until it is closed. */
export interface OpenPodNetwork extends PodNetwork {
  close(): void;
}
