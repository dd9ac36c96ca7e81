import type { PlaygroundAccess } from '../shared/playground-kubeconfig.ts';
import type { ProxyInfo } from './mesh/index.ts';

/** A cluster that runs. */
export interface Playground {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** What the kubeconfig holds. */
  access: PlaygroundAccess;
  /** The API server's address. */
  server: string;
  /** The Istio ingress gateway; undefined without a mesh. */
  gatewayUrl: string | undefined;
  /**
   * The Service `coffee-shop` of namespace `default` as its node port
   * serves it; resets connections until it exists.
   */
  serviceUrl: string;
  describeDelays(): string[];
  /**
   * Stops a proxy (its pod's name, `gateway` or `kube-proxy`) from
   * hearing of changes; it catches up at once when thawed.
   */
  freeze(proxy: string, options?: { forMs?: number }): void;
  thaw(proxy: string): void;
  /**
   * Ends a process as a crash does: `gateway`, `istiod`, or the sidecar (or the named container) of a pod of
   * namespace `default`. The next one starts at once, or `forMs` later (not for a container: its restarts are
   * the kubelet's). Resolves when the gateway or istiod serves again.
   */
  crash(what: string, options?: { forMs?: number; container?: string }): Promise<void>;
  proxies(): ProxyInfo[];
  /** Makes an image for the kubelet: what starts when a container names it. */
  registerImage(name: string, command: string[]): void;
  /** Ends every process, closes every socket, removes every file. */
  close(): Promise<void>;
}
