import type http from 'node:http';
import path from 'node:path';
import type { PodNetwork, SocketAddress } from '../network-types.ts';
import { startBuiltinDataPlane } from './data-plane/builtin.ts';
import { startEnvoyDataPlane } from './data-plane/envoy/envoy.ts';
import { MEASURED_DELAYS } from './delays.ts';
import { registerInjection } from './inject/injection.ts';
import { createDebugServer } from './istiod/debug-server.ts';
import { Discovery } from './istiod/discovery.ts';
import type { ProxyIdentity } from './istiod/proxy-connection.ts';
import { collectProxyLogs } from './proxy-logs.ts';
import { gatewaySpec, PROXY_PORTS, sidecarSpec } from './proxy-spec.ts';
import { createRandom } from '../network/random.ts';
import { createSystemCrash } from './system-crash.ts';
import { createSystemPods, markRunning, SYSTEM_NAMESPACE, type SystemPod } from './system-pods.ts';
import type { Mesh, MeshOptions } from './types.ts';

export { findEnvoy } from './data-plane/envoy/find-envoy.ts';
export { installGatewayApi } from './gateway-api/definitions.ts';
export { MEASURED_DELAYS, type MeshDelays, type Quantiles } from './delays.ts';
export type { Mesh, MeshOptions, ProxyInfo } from './types.ts';

/** istiod's ports that answer, on the pod's loopback without asking who calls. */
const DEBUG_PORTS = [15014, 8080];

/** Starts the mesh: injection, istiod, the data plane, and the gateway, which serves when this resolves. */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { store, network, stateDir, nativeSidecars = true, terminationDrainMs = 5000, seed = 1 } = options;
  const { envoyBinary: binary, guard, onFailure = () => undefined } = options;
  const dataPlane =
    binary === undefined
      ? await startBuiltinDataPlane({ stateDir, onFailure })
      : await startEnvoyDataPlane({ stateDir, binary, onFailure, ...(guard && { guard }) });
  registerInjection(store, { nativeSidecars });
  const sockets = rememberingSockets(network);
  const discovery = new Discovery({
    store,
    dataPlane,
    delays: { ...MEASURED_DELAYS, ...options.delays },
    random: createRandom(seed),
    socketOf: sockets,
  });
  const system = await createSystemPods(store, network);
  const openDebugPorts = (ip: string) => startDebugServers(network, ip, discovery, store);
  const closeDebugPorts = await openDebugPorts(system.istiod.ip);
  markRunning(store, system.istiod, 'discovery');

  const publicAddress = await dataPlane.start(
    gatewaySpec(network, { ...system.gateway, namespace: SYSTEM_NAMESPACE }),
  );
  if (publicAddress === undefined) throw new Error('The gateway has no public address.');
  await discovery.connect(gatewayIdentity(system.gateway));
  markRunning(store, system.gateway, 'istio-proxy');
  const logs = collectProxyLogs(dataPlane);
  const keepLog = ({ name, uid }: SystemPod) =>
    logs.keepGateway(uid, path.join(stateDir, 'logs', `${name}.log`));
  keepLog(system.gateway);
  const crash = createSystemCrash({
    ...{ store, network, dataPlane, discovery, publicAddress, gatewayIdentity, ...system },
    ...{ openDebugPorts, closeDebugPorts, terminationDrainMs, onFailure },
    ...{ onGateway: keepLog, onGatewayGone: (uid: string) => logs.end(uid) },
  });
  const ready = new Set<string>();
  /** Classic sidecars that serve out their drain time: ends it early. */
  const drains = new Map<string, () => void>();

  async function stop(podUid: string): Promise<void> {
    drains.get(podUid)?.();
    drains.delete(podUid);
    ready.delete(podUid);
    await dataPlane.stop(podUid);
    logs.end(podUid);
    discovery.disconnect(podUid);
  }

  function idOf(proxy: string): string {
    const found = discovery.connections.find(
      (one) =>
        one.name === proxy ||
        one.proxy.pod === proxy ||
        // Not the one that is going away beside it.
        (proxy === 'gateway' && one.proxy.id === crash.currentGateway.uid),
    );
    if (found === undefined) {
      const known = discovery.connections.map((one) => one.name).join(', ');
      throw new Error(`No proxy "${proxy}" is connected. Connected: ${known}.`);
    }
    return found.proxy.id;
  }

  return {
    get gateway() {
      return { ...publicAddress, podName: crash.currentGateway.name, namespace: SYSTEM_NAMESPACE };
    },
    get istiod() {
      return { podName: crash.current.name, namespace: SYSTEM_NAMESPACE };
    },

    async start(pod) {
      await network.addPorts(pod.ip, PROXY_PORTS);
      const object = store.get('v1/pods', pod.namespace, pod.name);
      pod.log?.(logs.output(pod.uid));
      await dataPlane.start(sidecarSpec(network, pod, object, options.servicesFile));
      await discovery.connect({
        id: pod.uid,
        pod: pod.name,
        ip: pod.ip,
        type: 'sidecar',
        namespace: pod.namespace,
        labels: object?.metadata.labels ?? {},
        targetPorts: new Map(),
      });
      ready.add(pod.uid);
    },
    isReady: (podUid) => ready.has(podUid),
    drain: (podUid) => dataPlane.drain(podUid),
    async terminate(podUid, mode) {
      ready.delete(podUid);
      if (mode === 'classic') {
        dataPlane.drain(podUid);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, terminationDrainMs);
          drains.set(podUid, () => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
      await stop(podUid);
    },
    kill: (podUid) => void stop(podUid),

    crash: (what, { forMs = 0 } = {}) => crash[what](forMs),
    readLogs(namespace, pod, container, options) {
      if (namespace !== SYSTEM_NAMESPACE) return undefined;
      if (container !== undefined && container !== 'istio-proxy') return undefined;
      const uid = store.get('v1/pods', namespace, pod)?.metadata.uid;
      return uid === undefined ? undefined : logs.readGateway(uid, options);
    },
    freeze: (proxy, { forMs } = {}) => discovery.freeze(idOf(proxy), forMs),
    thaw: (proxy) => discovery.thaw(idOf(proxy)),
    proxies: () =>
      discovery.connections.map(({ name, proxy, frozen }) => ({
        name,
        namespace: proxy.namespace,
        pod: proxy.pod,
        podUid: proxy.id,
        ip: proxy.ip,
        type: proxy.type,
        frozen,
      })),

    async close() {
      for (const end of drains.values()) end();
      discovery.close();
      crash.close();
      await dataPlane.close();
      logs.close();
      for (const ip of crash.addresses) network.release(ip);
    },
  };
}

function gatewayIdentity(pod: SystemPod): ProxyIdentity {
  return {
    id: pod.uid,
    pod: pod.name,
    ip: pod.ip,
    type: 'router',
    namespace: SYSTEM_NAMESPACE,
    labels: pod.labels,
    targetPorts: new Map([
      [80, 8080],
      [443, 8443],
    ]),
  };
}

async function startDebugServers(
  network: PodNetwork,
  ip: string,
  discovery: Discovery,
  store: MeshOptions['store'],
): Promise<() => void> {
  const servers: http.Server[] = [];
  for (const port of DEBUG_PORTS) {
    for (const from of ['inside', 'outside'] as const) {
      const address = network[from](ip, port);
      if (address === undefined) continue;
      const server = createDebugServer(discovery, store, from);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address, resolve);
      });
      servers.push(server);
    }
  }
  return () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  };
}

/**
 * A pod that is gone keeps its address in the memory of those who have
 * not heard: they must meet a refusal there, not a gap.
 */
function rememberingSockets(network: PodNetwork): (ip: string, port: number) => SocketAddress | undefined {
  const known = new Map<string, SocketAddress>();
  return (ip, port) => {
    const key = `${ip}:${port}`;
    const socket = network.outside(ip, port) ?? known.get(key);
    if (socket !== undefined) known.set(key, socket);
    return socket;
  };
}
