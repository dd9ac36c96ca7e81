/**
 * What one sidecar is told of: by default everything exported to its
 * namespace, and with a `Sidecar` object what its `egress` names.
 * https://istio.io/latest/docs/reference/config/networking/sidecar/
 */
import { gatewayNames } from './http-route.ts';
import {
  byAge,
  covers,
  isOfHttpRoute,
  isVisibleTo,
  labelsMatch,
  namespaceOf,
  resolveHost,
  ROOT_NAMESPACE,
  type Destination,
  type SidecarObject,
  type SidecarSpec,
  type VirtualServiceObject,
} from './istio-objects.ts';
import type { MeshService } from './services.ts';

/** Whose scope is asked for. */
export interface ScopedNode {
  namespace: string;
  labels: Record<string, string>;
}

/** What callers may reach by one port, or by every port that has no egress listener of its own. */
export interface EgressListener {
  port: number | undefined;
  services: MeshService[];
  virtualServices: VirtualServiceObject[];
}

export interface SidecarScope {
  /**
   * Whose clusters and endpoints the proxy gets: what it may call, and where VirtualServices lead such calls.
   */
  services: MeshService[];
  egress: EgressListener[];
  /** What becomes of a call to anything else: passed on as it is, sent to one destination, or refused. */
  unknown: 'pass' | 'refuse' | { proxy: Destination };
}

/** The Services whose annotation exports them to a namespace. */
export function exportedTo(namespace: string, services: MeshService[]): MeshService[] {
  return services.filter((one) => isVisibleTo(one.exportTo, one.namespace, namespace));
}

/** The one Sidecar of a workload: one that selects it, else its namespace's, else the root namespace's. */
export function sidecarOf(node: ScopedNode, sidecars: SidecarObject[]): SidecarObject | undefined {
  const sorted = [...sidecars].sort(byAge);
  const ofNamespace = (namespace: string) => sorted.filter((one) => namespaceOf(one) === namespace);
  const own = ofNamespace(node.namespace);
  const isDefault = ({ spec }: SidecarObject) => spec?.workloadSelector === undefined;
  return (
    own.find((one) => !isDefault(one) && labelsMatch(one.spec?.workloadSelector?.labels, node.labels)) ??
    own.find(isDefault) ??
    ofNamespace(ROOT_NAMESPACE).find(isDefault)
  );
}

/** @param virtualServices with their delegates' routes */
export function sidecarScope(
  node: ScopedNode,
  all: MeshService[],
  virtualServices: VirtualServiceObject[],
  sidecar: SidecarObject | undefined,
): SidecarScope {
  const { namespace } = node;
  const visible = exportedTo(namespace, all);
  const forMesh = virtualServices
    .filter((one) => gatewayNames(one.spec?.gateways, namespaceOf(one)).includes('mesh'))
    .filter((one) => isVisibleTo(one.spec?.exportTo, namespaceOf(one), namespace))
    .filter((one) => !isOfConsumer(one) || namespaceOf(one) === namespace)
    .sort((a, b) => precedence(a, namespace) - precedence(b, namespace) || byAge(a, b));
  const wanted = sidecar?.spec?.egress ?? [];
  const egress = (wanted.length === 0 ? [{ hosts: ['*/*'] }] : wanted).map((one) =>
    egressListener(one, namespace, visible, forMesh),
  );
  return {
    services: reachable(egress, namespace, visible),
    egress,
    unknown: unknownHosts(sidecar?.spec?.outboundTrafficPolicy),
  };
}

/**
 * For one host an HTTPRoute comes before every VirtualService, and one of the caller's own namespace
 * before its producer's.
 */
function precedence(one: VirtualServiceObject, callerNamespace: string): number {
  if (!isOfHttpRoute(one)) return 2;
  return namespaceOf(one) === callerNamespace ? 0 : 1;
}

/** An HTTPRoute of another namespace than its Service's is for the callers of its own namespace only. */
function isOfConsumer(one: VirtualServiceObject): boolean {
  return isOfHttpRoute(one) && hostsOf(one).some((host) => host.split('.')[1] !== namespaceOf(one));
}

/** The egress listener that leads calls to a port: its own, else the one for all the others. */
export function egressFor(port: number, { egress }: SidecarScope): EgressListener | undefined {
  return egress.find((one) => one.port === undefined || one.port === port);
}

function egressListener(
  { port, hosts = [] }: NonNullable<SidecarSpec['egress']>[number],
  namespace: string,
  visible: MeshService[],
  forMesh: VirtualServiceObject[],
): EgressListener {
  const imports = hosts.flatMap((entry) => {
    const [scope, host, ...rest] = entry.split('/');
    if (scope === undefined || host === undefined || rest.length > 0) return [];
    return [{ namespace: scope === '.' ? namespace : scope, host }];
  });
  const patternsFor = (owner: string) =>
    imports.filter((one) => one.namespace === '*' || one.namespace === owner).map(({ host }) => host);
  const number = port?.number;
  return {
    port: number,
    services: visible
      .filter((one) => patternsFor(one.namespace).some((pattern) => covers(pattern, one.host)))
      .flatMap((one) => (number === undefined ? [one] : withPorts(one, new Set([number])))),
    virtualServices: forMesh.filter((one) => {
      const patterns = patternsFor(namespaceOf(one));
      return hostsOf(one).some((host) =>
        patterns.some((pattern) => covers(pattern, host) || covers(host, pattern)),
      );
    }),
  };
}

/**
 * Everything that the listeners name, and then where their
 * VirtualServices lead: a route is of no use without its cluster.
 */
function reachable(egress: EgressListener[], namespace: string, visible: MeshService[]): MeshService[] {
  const byHost = new Map(visible.map((one) => [one.host, one]));
  const ports = new Map<string, Set<number>>();
  const add = ({ host, ports: more }: MeshService) => {
    const known = ports.get(host) ?? new Set();
    for (const { number } of more) known.add(number);
    ports.set(host, known);
  };
  for (const listener of egress) {
    listener.services.forEach(add);
    for (const virtualService of listener.virtualServices) {
      for (const { host, port } of destinationsOf(virtualService, namespace)) {
        const service = byHost.get(host);
        if (service === undefined) continue;
        const number = listener.port ?? port;
        (number === undefined ? [service] : withPorts(service, new Set([number]))).forEach(add);
      }
    }
  }
  return visible.flatMap((one) => {
    const known = ports.get(one.host);
    return known === undefined ? [] : known.size === one.ports.length ? [one] : withPorts(one, known);
  });
}

/** The Service with only these of its ports; nothing when it has none of them. */
function withPorts(service: MeshService, numbers: ReadonlySet<number>): MeshService[] {
  const ports = service.ports.filter(({ number }) => numbers.has(number));
  return ports.length === 0 ? [] : [{ ...service, ports }];
}

/** A VirtualService's hosts by their full names. */
export function hostsOf(virtualService: VirtualServiceObject): string[] {
  return (virtualService.spec?.hosts ?? []).map((host) => resolveHost(host, namespaceOf(virtualService)));
}

function destinationsOf(
  virtualService: VirtualServiceObject,
  callerNamespace: string,
): { host: string; port: number | undefined }[] {
  const rules = (virtualService.spec?.http ?? []).filter(
    ({ match = [] }) =>
      match.length === 0 ||
      match.some(({ sourceNamespace }) => (sourceNamespace ?? callerNamespace) === callerNamespace),
  );
  const destinations = rules.flatMap(({ route = [], mirror, mirrors = [] }) => [
    ...route.map(({ destination }) => destination),
    ...mirrors.map(({ destination }) => destination),
    ...(mirror === undefined ? [] : [mirror]),
  ]);
  return destinations.map(({ host, port }) => ({
    host: resolveHost(host, namespaceOf(virtualService)),
    port: port?.number,
  }));
}

/**
 * A policy without a mode refuses: REGISTRY_ONLY is the enum's zero
 * value. Without a policy the mesh's default holds, ALLOW_ANY.
 */
function unknownHosts(policy: SidecarSpec['outboundTrafficPolicy']): SidecarScope['unknown'] {
  if (policy === undefined) return 'pass';
  if (policy.mode !== 'ALLOW_ANY') return 'refuse';
  return policy.egressProxy === undefined ? 'pass' : { proxy: policy.egressProxy };
}
