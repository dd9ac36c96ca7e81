import type { EndpointSliceObject, MeshState, PodObject, ServiceObject } from './istio-objects.ts';
import { namespaceOf } from './istio-objects.ts';

/** A Service as the mesh knows it: its host name, its ports, and the endpoints behind each port. */
export interface MeshService {
  name: string;
  namespace: string;
  host: string;
  clusterIp: string | undefined;
  /** Namespaces whose proxies may know of it, by its annotation; undefined: all. */
  exportTo?: string[];
  ports: MeshPort[];
}

export interface MeshPort {
  number: number;
  name: string;
  /** `auto`: no protocol declared, so the proxy looks at the first bytes. */
  protocol: 'http' | 'tcp' | 'auto';
  endpoints: MeshEndpoint[];
}

export interface MeshEndpoint {
  ip: string;
  port: number;
  /** Endpoints that are not ready are sent as unhealthy (since 1.31), terminating ones not at all. */
  healthy: boolean;
  labels: Record<string, string>;
  workload: string | undefined;
  tlsMode: string | undefined;
}

/** https://istio.io/latest/docs/reference/config/annotations/#NetworkingExportTo */
export const EXPORT_TO = 'networking.istio.io/exportTo';

const HTTP = /^(http|http2|grpc|grpc-web)$/;

/**
 * A port's protocol is declared by appProtocol or by its name's prefix.
 * https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
 */
function protocolOf(port: { name?: string; appProtocol?: string }): MeshPort['protocol'] {
  const declared = port.appProtocol ?? port.name?.split('-', 1)[0] ?? '';
  if (HTTP.test(declared)) return 'http';
  return /^(https|tls|tcp|mongo|mysql|redis|udp)$/.test(declared) ? 'tcp' : 'auto';
}

/** Every Service with a cluster IP or a selector, with its endpoints; sorted by host name. */
export function meshServices(state: MeshState): MeshService[] {
  const pods = new Map(state.pods.map((pod) => [`${namespaceOf(pod)}/${pod.metadata.name}`, pod]));
  const slices = new Map<string, EndpointSliceObject[]>();
  for (const slice of state.endpointSlices) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined) continue;
    const key = `${namespaceOf(slice)}/${service}`;
    slices.set(key, [...(slices.get(key) ?? []), slice]);
  }
  return state.services
    .filter((service) => service.spec?.type !== 'ExternalName')
    .map((service) =>
      meshService(service, slices.get(`${namespaceOf(service)}/${service.metadata.name}`) ?? [], pods),
    )
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

function meshService(
  service: ServiceObject,
  slices: EndpointSliceObject[],
  pods: Map<string, PodObject>,
): MeshService {
  const namespace = namespaceOf(service);
  const clusterIp = service.spec?.clusterIP;
  const exportTo = service.metadata.annotations?.[EXPORT_TO];
  return {
    name: service.metadata.name,
    namespace,
    host: `${service.metadata.name}.${namespace}.svc.cluster.local`,
    clusterIp: clusterIp === 'None' || clusterIp === '' ? undefined : clusterIp,
    ...(exportTo === undefined ? {} : { exportTo: exportTo.split(',').map((one) => one.trim()) }),
    ports: (service.spec?.ports ?? [])
      .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
      .map((port) => ({
        number: port.port,
        name: port.name ?? '',
        protocol: protocolOf(port),
        endpoints: slices
          .flatMap((slice) => endpointsOf(slice, port.name ?? '', namespace, pods))
          .sort(byAddress),
      })),
  };
}

function endpointsOf(
  slice: EndpointSliceObject,
  portName: string,
  namespace: string,
  pods: Map<string, PodObject>,
): MeshEndpoint[] {
  const port = slice.ports?.find((candidate) => (candidate.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const ip = endpoint.addresses[0];
    const pod = pods.get(`${endpoint.targetRef?.namespace ?? namespace}/${endpoint.targetRef?.name ?? ''}`);
    const labels = pod?.metadata.labels ?? {};
    // A label that empties a pod before it is deleted (PILOT_DRAINING_LABEL).
    const draining = (labels['istio.io/draining'] ?? '') !== '';
    if (ip === undefined || endpoint.conditions?.terminating === true || draining) return [];
    const workload = pod === undefined ? undefined : workloadOf(pod);
    return [
      {
        ip,
        port,
        healthy: endpoint.conditions?.ready !== false,
        labels,
        workload,
        tlsMode: labels['security.istio.io/tlsMode'],
      },
    ];
  });
}

function byAddress(a: MeshEndpoint, b: MeshEndpoint): number {
  return a.ip.localeCompare(b.ip, 'en', { numeric: true });
}

/** The Deployment's name where a pod has one, else the pod's own. */
export function workloadName(pod: PodObject): string {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (owner === undefined) return pod.metadata.name;
  return owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}

/** `workload;namespace;canonical service;canonical revision;cluster`, as endpoint metadata carries it. */
function workloadOf(pod: PodObject): string {
  const labels = pod.metadata.labels ?? {};
  const workload = workloadName(pod);
  const service =
    labels['service.istio.io/canonical-name'] ??
    labels['app.kubernetes.io/name'] ??
    labels['app'] ??
    workload;
  const revision =
    labels['service.istio.io/canonical-revision'] ??
    labels['app.kubernetes.io/version'] ??
    labels['version'] ??
    'latest';
  return [workload, namespaceOf(pod), service, revision, 'Kubernetes'].join(';');
}
