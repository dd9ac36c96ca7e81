/** The ends and new beginnings of the mesh's own pods: the gateway's process restarts in its pod, istiod's pod is replaced by another. */
import type { PodNetwork, SocketAddress } from '../network-types.ts';
import type { ObjectStore } from '../store/types.ts';
import type { DataPlane } from './data-plane/data-plane.ts';
import type { Discovery } from './istiod/discovery.ts';
import type { ProxyIdentity } from './istiod/proxy-connection.ts';
import { gatewaySpec } from './proxy-spec.ts';
import { createIstiodPod, markRunning, SYSTEM_NAMESPACE, type SystemPod } from './system-pods.ts';

export interface SystemParts {
  store: ObjectStore;
  network: PodNetwork;
  dataPlane: DataPlane;
  discovery: Discovery;
  gateway: SystemPod;
  gatewayIdentity: ProxyIdentity;
  publicAddress: SocketAddress;
  istiod: SystemPod;
  /** Opens istiod's debug ports at an address; the result closes them. */
  openDebugPorts: (ip: string) => Promise<() => void>;
  closeDebugPorts: () => void;
}

export interface SystemCrash {
  /** Resolves when it serves again, at the same public address. */
  gateway(awayMs: number): Promise<void>;
  /** Resolves when another istiod answers; the proxies keep what they have meanwhile. */
  istiod(awayMs: number): Promise<void>;
  /** The istiod that runs now. */
  readonly current: SystemPod;
  close(): void;
}

export function createSystemCrash(parts: SystemParts): SystemCrash {
  const { store, network, dataPlane, discovery, gateway } = parts;
  let { istiod, closeDebugPorts } = parts;
  let restarts = 0;
  let closed = false;
  const waits = new Map<NodeJS.Timeout, () => void>();
  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        waits.delete(timer);
        resolve();
      }, ms);
      waits.set(timer, resolve);
    });

  return {
    get current() {
      return istiod;
    },
    async gateway(awayMs) {
      restarts += 1;
      await dataPlane.stop(gateway.uid);
      discovery.disconnect(gateway.uid);
      markRunning(store, gateway, 'istio-proxy', { restarts, away: true });
      await wait(awayMs);
      if (closed) return;
      await dataPlane.start(
        gatewaySpec(network, { ...gateway, namespace: SYSTEM_NAMESPACE }, parts.publicAddress),
      );
      markRunning(store, gateway, 'istio-proxy', { restarts });
      await discovery.connect(parts.gatewayIdentity);
    },
    async istiod(awayMs) {
      discovery.leave();
      closeDebugPorts();
      store.delete('v1/pods', SYSTEM_NAMESPACE, istiod.name, { gracePeriodSeconds: 0 });
      network.release(istiod.ip);
      await wait(awayMs);
      if (closed) return;
      istiod = await createIstiodPod(store, network);
      closeDebugPorts = await parts.openDebugPorts(istiod.ip);
      discovery.comeBack();
      markRunning(store, istiod, 'discovery');
    },
    close() {
      closed = true;
      for (const [timer, resolve] of waits) {
        clearTimeout(timer);
        resolve();
      }
      closeDebugPorts();
    },
  };
}
