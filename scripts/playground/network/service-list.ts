import { renameSync, writeFileSync } from 'node:fs';
import type { SocketAddress } from '../network-types.ts';
import type { KubeObject, ObjectStore } from '../storage/types.ts';
import type { EndpointSlice } from './endpoint-rules.ts';
import type { ServiceProxy } from './service-proxy.ts';

/** A Service as programs in pods find it. */
export interface ListedService {
  name: string;
  namespace: string;
  /** Its cluster IP, or the addresses of its ready pods (headless). */
  addresses: string[];
  ports: Record<number, ListedPort>;
}

export interface ListedPort extends SocketAddress {
  /** Whether a sidecar reads it as HTTP. */
  http: boolean;
}

interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  appProtocol?: string;
}

type Service = KubeObject<{
  type?: string;
  clusterIP?: string;
  ports?: ServicePort[];
}>;

/** Changes that come together make one file. */
const COLLECT_MS = 10;

/**
 * Cluster DNS and cluster IPs for the pods' programs: keeps a file that names every Service and where each of
 * its ports is reached on this machine. The shim reads it (`kubelet/pod-shim.cjs`).
 */
export function keepServiceList(
  store: ObjectStore,
  services: Pick<ServiceProxy, 'open'>,
  file: string,
): { close(): void } {
  const known = new Map<string, ListedService>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  write();

  function changed(): void {
    timer ??= setTimeout(write, COLLECT_MS).unref();
  }

  function write(): void {
    timer = undefined;
    if (closed) return;
    // Write atomically: readers see the old file or the new one.
    writeFileSync(`${file}.new`, JSON.stringify([...known.values()]));
    renameSync(`${file}.new`, file);
  }

  async function list(service: Service): Promise<void> {
    const { name, namespace = '', uid } = service.metadata;
    const { clusterIP, ports = [], type } = service.spec ?? {};
    if (type === 'ExternalName' || clusterIP === undefined) return;
    if (clusterIP === 'None') {
      known.set(uid, { name, namespace, addresses: readyAddresses(namespace, name), ports: {} });
      changed();
      return;
    }
    const entry: ListedService = { name, namespace, addresses: [clusterIP], ports: {} };
    for (const port of ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP')) {
      entry.ports[port.port] = { ...(await services.open(namespace, name, port.port)), http: isHttp(port) };
    }
    if (closed || store.get('v1/services', namespace, name)?.metadata.uid !== uid) return;
    known.set(uid, entry);
    changed();
  }

  function readyAddresses(namespace: string, name: string): string[] {
    return store
      .list<EndpointSlice>('discovery.k8s.io/v1/endpointslices', {
        namespace,
        labels: { 'kubernetes.io/service-name': name },
      })
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions.ready)
      .flatMap(({ addresses }) => addresses);
  }

  const stopServices = store.watch<Service>('v1/services', {}, ({ type, object }) => {
    if (type !== 'DELETED') {
      // Ignored: a Service that was deleted while its ports were opened.
      list(object).catch(() => undefined);
      return;
    }
    known.delete(object.metadata.uid);
    changed();
  });
  const stopSlices = store.watch('discovery.k8s.io/v1/endpointslices', {}, ({ object }) => {
    const { namespace = '', labels } = object.metadata;
    for (const entry of known.values()) {
      if (entry.namespace !== namespace || entry.name !== labels?.['kubernetes.io/service-name']) continue;
      if (Object.keys(entry.ports).length > 0) continue;
      entry.addresses = readyAddresses(namespace, entry.name);
      changed();
    }
  });

  return {
    close() {
      closed = true;
      clearTimeout(timer);
      stopServices();
      stopSlices();
    },
  };
}

/**
 * https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/;
 * a port without a word is looked into.
 */
function isHttp({ name = '', appProtocol }: ServicePort): boolean {
  const protocol = appProtocol ?? name.split('-')[0] ?? '';
  return !['tcp', 'tls', 'https', 'mongo', 'mysql', 'redis', 'udp'].includes(protocol);
}
