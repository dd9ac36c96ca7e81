import type { LogReadOptions } from '../kubelet/container-log.ts';
import type { ObjectStore } from '../storage/types.ts';
import type { PodNetwork, SidecarRuntime } from '../network-types.ts';
import type { ProcessGuard } from './data-plane/envoy/process.ts';
import type { MeshDelays } from './delays.ts';

export interface MeshOptions {
  store: ObjectStore;
  network: PodNetwork;
  /** An existing folder; the data plane's program is written there. */
  stateDir: string;
  /** The node's list of Services (`network/service-list.ts`): where a call leads that a sidecar passes on. */
  servicesFile?: string;
  /** Path of an Envoy: then every proxy is one. Default: the built-in proxies. */
  envoyBinary?: string;
  /** Ends the Envoys when this process ends, however it does. */
  guard?: ProcessGuard;
  /** Default: MEASURED_DELAYS. */
  delays?: Partial<MeshDelays>;
  /** The same seed draws the same delays. Default 1. */
  seed?: number;
  /** Whether pods that do not say get a native sidecar (Istio's default since 1.27). Default true. */
  nativeSidecars?: boolean;
  /** How long a classic sidecar serves after SIGTERM. Default 5,000 (Istio's terminationDrainDuration). */
  terminationDrainMs?: number;
  /** Called when the data plane ends without the mesh having been closed. */
  onFailure?: (error: Error) => void;
}

export interface ProxyInfo {
  /** `pod.namespace`, as istiod names it. */
  name: string;
  namespace: string;
  pod: string;
  podUid: string;
  ip: string;
  type: 'router' | 'sidecar';
  frozen: boolean;
}

export interface Mesh extends SidecarRuntime {
  gateway: {
    /** Where callers from outside connect. */
    host: string;
    port: number;
    podName: string;
    namespace: string;
  };
  istiod: { podName: string; namespace: string };
  /**
   * Stops a proxy's configuration stream: the proxy serves with its last configuration. Takes
   * `pod.namespace`, a pod's name, or `gateway`. `forMs` ends the freeze after this time. Then the proxy gets
   * all changes at once.
   */
  freeze(proxy: string, options?: { forMs?: number }): void;
  thaw(proxy: string): void;
  /**
   * Ends the gateway's process or istiod's pod as a crash does; the
   * next one starts `forMs` later. Resolves when it serves.
   */
  crash(what: 'gateway' | 'istiod', options?: { forMs?: number }): Promise<void>;
  proxies(): ProxyInfo[];
  /** The log of one of the mesh's own pods; undefined for all others. */
  readLogs(
    namespace: string,
    pod: string,
    container: string | undefined,
    options: LogReadOptions,
  ): AsyncIterable<string> | undefined;
  close(): Promise<void>;
}
