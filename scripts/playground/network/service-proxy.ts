import type { PodNetwork, SocketAddress } from '../network-types.ts';
import type { KubeObject, ObjectStore } from '../storage/types.ts';
import { usableTargets, type EndpointSlice } from './endpoint-rules.ts';
import { openForwarder, type Forwarder } from './forwarder.ts';
import { lateRules } from './late-rules.ts';
import type { Delay, Random } from './random.ts';

interface ServicePort {
  name?: string;
  port: number;
  nodePort?: number;
}

type Service = KubeObject<{ type?: string; ports?: ServicePort[] }>;

export interface ServiceProxyOptions {
  store: ObjectStore;
  network: PodNetwork;
  /** Seeded source of every choice and lag. */
  random: Random;
  /** How late the rules follow an EndpointSlice. Default: as measured (`RULES_LAG`). */
  lag?: Delay;
  /** Shortest time between two changes of the rules, ms. Default `RULES_MIN_PERIOD_MS`. */
  minPeriodMs?: number;
}

/**
 * EndpointSlice written -> rules changed when kube-proxy was idle, in ms, as recorded in 30 deletions of pods
 * on a Kubernetes 1.36.4. One more came 835 ms late, because of RULES_MIN_PERIOD_MS.
 */
export const RULES_LAG: Delay = [
  [0, 13],
  [0.5, 57],
  [0.9, 133],
  [1, 199],
];

/**
 * kube-proxy's default minSyncPeriod, in ms. In a rolling update it decides: the new
 * pod's appearance causes a sync, and the old pod's deletion right after has to wait
 * for the next (recorded: not ready at 0.84 s, ready at 1.35 s, rules at 2.18 s).
 */
export const RULES_MIN_PERIOD_MS = 1_000;

/** The node's kube-proxy: one forwarder per port of a NodePort or LoadBalancer Service, others on request. */
export interface ServiceProxy {
  /** Where clients of this Service connect, once its forwarder is open. */
  address(namespace: string, service: string, port: number | string): SocketAddress | undefined;
  /** Opens a forwarder for any Service (as a ClusterIP would be) and resolves with its address. */
  open(namespace: string, service: string, port: number | string): Promise<SocketAddress>;
  /**
   * Opens the forwarder of a Service that may be created later, so that its address is known before. Until
   * the Service has endpoints, connections are reset.
   */
  reserve(namespace: string, service: string, port: number): Promise<SocketAddress>;
  /** The rules stop following changes, as those of a node cut off from the API server. */
  freeze(): void;
  /** The rules catch up at once. */
  thaw(): void;
  close(): void;
}

export function startServiceProxy({
  store,
  network,
  random,
  lag = RULES_LAG,
  minPeriodMs = RULES_MIN_PERIOD_MS,
}: ServiceProxyOptions): ServiceProxy {
  const forwarders = new Map<string, Promise<Forwarder>>();
  const opened = new Map<
    string,
    { forwarder: Forwarder; namespace: string; service: string; portName: string }
  >();
  const reserved = new Set<string>();
  /** The node port that a forwarder was opened for, by its key. */
  const preferred = new Map<string, number | undefined>();
  let closed = false;
  const rules = lateRules({ lag, minPeriodMs, random, sync: syncAll });

  function syncAll(): void {
    for (const entry of opened.values()) syncOne(entry);
  }

  function syncOne({
    forwarder,
    namespace,
    service,
    portName,
  }: {
    forwarder: Forwarder;
    namespace: string;
    service: string;
    portName: string;
  }): void {
    const slices = store.list<EndpointSlice>('discovery.k8s.io/v1/endpointslices', {
      namespace,
      labels: { 'kubernetes.io/service-name': service },
    });
    forwarder.setTargets(usableTargets(slices, portName));
  }

  async function openPort(service: Service, port: ServicePort): Promise<Forwarder> {
    const key = `${service.metadata.namespace ?? ''}/${service.metadata.name}/${port.port}`;
    const forwarder = await openUnder(key, service, port);
    // It was open before the Service had a node port, e.g. as its
    // cluster IP: the node port gets a forwarder of its own.
    const wanted = port.nodePort;
    if (wanted !== undefined && preferred.get(key) !== wanted)
      await openUnder(`${key}/${wanted}`, service, port);
    return forwarder;
  }

  async function openUnder(key: string, service: Service, port: ServicePort): Promise<Forwarder> {
    const namespace = service.metadata.namespace ?? '';
    const existing = forwarders.get(key);
    if (existing !== undefined) {
      const forwarder = await existing;
      const entry = opened.get(key);
      // A reserved forwarder learns the port's name with the Service.
      if (entry !== undefined && entry.portName !== (port.name ?? '')) {
        entry.portName = port.name ?? '';
        syncOne(entry);
      }
      return forwarder;
    }
    const opening = openForwarder({
      network,
      random,
      ...(port.nodePort === undefined ? {} : { preferredPort: port.nodePort }),
    });
    forwarders.set(key, opening);
    preferred.set(key, port.nodePort);
    const forwarder = await opening;
    if (closed || forwarders.get(key) !== opening) {
      forwarder.destroy();
      return forwarder;
    }
    const entry = { forwarder, namespace, service: service.metadata.name, portName: port.name ?? '' };
    opened.set(key, entry);
    syncOne(entry);
    return forwarder;
  }

  function closeService(service: Service): void {
    const prefix = `${service.metadata.namespace ?? ''}/${service.metadata.name}/`;
    for (const key of [...forwarders.keys()].filter((candidate) => candidate.startsWith(prefix))) {
      if (reserved.has(key)) {
        // This address was handed out for good: keep it, and reset connections until the Service is back.
        opened.get(key)?.forwarder.setTargets([]);
        continue;
      }
      forwarders.delete(key);
      preferred.delete(key);
      opened.get(key)?.forwarder.close();
      opened.delete(key);
    }
  }

  const stopServices = store.watch<Service>('v1/services', {}, ({ type, object }) => {
    if (type === 'DELETED') closeService(object);
    else if (object.spec?.type === 'NodePort' || object.spec?.type === 'LoadBalancer') {
      for (const port of object.spec.ports ?? []) void openPort(object, port);
    }
  });
  const stopSlices = store.watch('discovery.k8s.io/v1/endpointslices', {}, () => rules.changed());

  function portOf(
    namespace: string,
    name: string,
    port: number | string,
  ): { service: Service; port: ServicePort } | undefined {
    const service = store.get<Service>('v1/services', namespace, name);
    const found = service?.spec?.ports?.find(
      (candidate) => candidate.port === port || candidate.name === port,
    );
    return service && found ? { service, port: found } : undefined;
  }

  return {
    address(namespace, name, port) {
      const found = portOf(namespace, name, port);
      return found && opened.get(`${namespace}/${name}/${found.port.port}`)?.forwarder.address;
    },
    async open(namespace, name, port) {
      const found = portOf(namespace, name, port);
      if (found === undefined) throw new Error(`Service ${namespace}/${name} has no port ${port}.`);
      return (await openPort(found.service, found.port)).address;
    },
    async reserve(namespace, name, port) {
      reserved.add(`${namespace}/${name}/${port}`);
      const found = portOf(namespace, name, port);
      const opening = found
        ? openPort(found.service, found.port)
        : openPort({ metadata: { namespace, name } } as Service, { port });
      return (await opening).address;
    },
    freeze: () => rules.freeze(),
    thaw: () => rules.thaw(),
    close() {
      closed = true;
      stopServices();
      stopSlices();
      rules.close();
      for (const { forwarder } of opened.values()) forwarder.destroy();
      opened.clear();
    },
  };
}
