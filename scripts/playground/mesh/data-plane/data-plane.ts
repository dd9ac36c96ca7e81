import type { SocketAddress } from '../../network-types.ts';
import type { ProxySpec, ResourcePush } from './messages.ts';

export interface Acknowledgement {
  proxyId: string;
  typeUrl: ResourcePush['typeUrl'];
  nonce: string;
  /** Why the proxy rejected the push (NACK); it keeps what it had. */
  error?: string;
  /** How many clusters wait for their endpoints. */
  warming: number;
}

/**
 * What runs the proxies. One implementation is built in; a real Envoy
 * per proxy can stand behind the same face.
 */
export interface DataPlane {
  /** Whether a gateway can be started at the public address of one that still drains there. */
  readonly handsOver: boolean;
  /**
   * Resolves with the gateway's public address, or nothing for a sidecar, when the proxy's own ports answer.
   */
  start(proxy: ProxySpec): Promise<SocketAddress | undefined>;
  push(push: ResourcePush): void;
  onAcknowledged(listener: (acknowledgement: Acknowledgement) => void): void;
  /**
   * What a proxy writes on its standard output: whole lines, each
   * request one in Istio's default access log format.
   */
  onLog(listener: (proxyId: string, text: string) => void): void;
  drain(proxyId: string): void;
  /** The proxy's sockets are closed when this resolves. */
  stop(proxyId: string): Promise<void>;
  close(): Promise<void>;
}
