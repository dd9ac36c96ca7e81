/**
 * The ends and new beginnings of the mesh's own pods: a gateway that crashes
 * restarts in its pod; an istiod that crashes, and either pod when somebody
 * deletes it, is replaced by another of the same template, as a Deployment does.
 */
import type { PodNetwork, SocketAddress } from '../network-types.ts';
import type { ObjectStore } from '../storage/types.ts';
import type { DataPlane } from './data-plane/data-plane.ts';
import type { Discovery } from './istiod/discovery.ts';
import type { ProxyIdentity } from './istiod/proxy-connection.ts';
import { gatewaySpec } from './proxy-spec.ts';
import { watchDeletions } from './system-deletions.ts';
import { createGatewayPod, createIstiodPod, markRunning } from './system-pods.ts';
import { SYSTEM_NAMESPACE, type SystemPod } from './system-pods.ts';

export interface SystemParts {
  store: ObjectStore;
  network: PodNetwork;
  dataPlane: DataPlane;
  discovery: Discovery;
  gateway: SystemPod;
  gatewayIdentity: (pod: SystemPod) => ProxyIdentity;
  publicAddress: SocketAddress;
  istiod: SystemPod;
  /** How long a gateway serves after SIGTERM. */
  terminationDrainMs: number;
  /** Opens istiod's debug ports at an address; the result closes them. */
  openDebugPorts: (ip: string) => Promise<() => void>;
  closeDebugPorts: () => void;
  /** A gateway pod is there, and will start. */
  onGateway: (pod: SystemPod) => void;
  onGatewayGone: (podUid: string) => void;
  onFailure: (error: Error) => void;
}

export interface SystemCrash {
  /** Resolves when it serves again, at the same public address. */
  gateway(awayMs: number): Promise<void>;
  /** Resolves when another istiod answers; the proxies keep what they have meanwhile. */
  istiod(awayMs: number): Promise<void>;
  /** The istiod that runs now. */
  readonly current: SystemPod;
  /** The gateway that runs, or starts. */
  readonly currentGateway: SystemPod;
  /** Of all pods there are, those that end too. */
  readonly addresses: string[];
  close(): void;
}

export function createSystemCrash(parts: SystemParts): SystemCrash {
  const { store, network, dataPlane, discovery } = parts;
  let { istiod, gateway, closeDebugPorts } = parts;
  let restarts = 0;
  let closed = false;
  const addresses = new Set([istiod.ip, gateway.ip]);
  const waits = new Map<NodeJS.Timeout, () => void>();
  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        waits.delete(timer);
        resolve();
      }, ms);
      waits.set(timer, resolve);
    });

  function remove(pod: SystemPod): void {
    if (store.get('v1/pods', SYSTEM_NAMESPACE, pod.name)?.metadata.uid === pod.uid)
      store.delete('v1/pods', SYSTEM_NAMESPACE, pod.name, { gracePeriodSeconds: 0 });
    network.release(pod.ip);
    addresses.delete(pod.ip);
  }

  /** Nothing is created in a namespace that ends: then the mesh goes with it. */
  function mayReplace(): boolean {
    const namespace = store.get('v1/namespaces', undefined, SYSTEM_NAMESPACE);
    return !closed && namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
  }

  async function replaceIstiod(awayMs: number): Promise<void> {
    const before = istiod;
    deletions.handled(before.uid);
    discovery.leave();
    closeDebugPorts();
    closeDebugPorts = () => undefined;
    remove(before);
    await wait(awayMs);
    if (!mayReplace()) return;
    istiod = await createIstiodPod(store, network, before);
    addresses.add(istiod.ip);
    closeDebugPorts = await parts.openDebugPorts(istiod.ip);
    discovery.comeBack();
    markRunning(store, istiod, 'discovery');
  }

  async function startGateway(): Promise<void> {
    const pod = gateway;
    await dataPlane.start(gatewaySpec(network, { ...pod, namespace: SYSTEM_NAMESPACE }, parts.publicAddress));
    await discovery.connect(parts.gatewayIdentity(pod));
    if (!closed && pod === gateway) markRunning(store, pod, 'istio-proxy');
  }

  /** Drains while `graceMs` allows; what is in flight after that is cut. */
  async function endGateway(pod: SystemPod, graceMs: number): Promise<void> {
    if (graceMs > 0) {
      dataPlane.drain(pod.uid);
      await wait(Math.min(graceMs, parts.terminationDrainMs));
      if (closed) return;
    }
    await dataPlane.stop(pod.uid);
    discovery.disconnect(pod.uid);
    parts.onGatewayGone(pod.uid);
    remove(pod);
  }

  async function replaceGateway(graceMs: number): Promise<void> {
    const before = gateway;
    const ended = endGateway(before, graceMs);
    if (!dataPlane.handsOver || graceMs === 0) await ended;
    if (mayReplace()) {
      gateway = await createGatewayPod(store, network, before);
      addresses.add(gateway.ip);
      restarts = 0;
      parts.onGateway(gateway);
      await startGateway();
    }
    await ended;
  }

  const deletions = watchDeletions(store, (uid, graceMs) => {
    const replaced =
      uid === istiod.uid ? replaceIstiod(0) : uid === gateway.uid ? replaceGateway(graceMs) : undefined;
    replaced?.catch((error: unknown) => {
      if (!closed) parts.onFailure(error as Error);
    });
  });

  return {
    get current() {
      return istiod;
    },
    get currentGateway() {
      return gateway;
    },
    get addresses() {
      return [...addresses];
    },
    async gateway(awayMs) {
      const pod = gateway;
      restarts += 1;
      await dataPlane.stop(pod.uid);
      discovery.disconnect(pod.uid);
      markRunning(store, pod, 'istio-proxy', { restarts, away: true });
      await wait(awayMs);
      // Closed, or deleted meanwhile: another one starts in its place.
      if (closed || pod !== gateway) return;
      await dataPlane.start(
        gatewaySpec(network, { ...pod, namespace: SYSTEM_NAMESPACE }, parts.publicAddress),
      );
      markRunning(store, pod, 'istio-proxy', { restarts });
      await discovery.connect(parts.gatewayIdentity(pod));
    },
    istiod: replaceIstiod,
    close() {
      closed = true;
      deletions.close();
      for (const [timer, resolve] of waits) {
        clearTimeout(timer);
        resolve();
      }
      closeDebugPorts();
    },
  };
}
