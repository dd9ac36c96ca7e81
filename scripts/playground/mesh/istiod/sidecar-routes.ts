import type { RouteConfigJson, RouteJson, VirtualHostJson } from '../xds-types.ts';
import { defaultRoute, gatewayNames, virtualServiceRoutes, type RouteContext } from './http-route.ts';
import type { VirtualServiceObject } from './istio-objects.ts';
import { byAge, isVisibleTo, namespaceOf, resolveHost } from './istio-objects.ts';
import type { MeshPort, MeshService } from './services.ts';

/** Who asks for routes. */
export interface SidecarNode {
  namespace: string;
  labels: Record<string, string>;
}

const ALLOW_ANY: VirtualHostJson = {
  name: 'allow_any',
  domains: ['*'],
  routes: [
    {
      match: { prefix: '/' },
      route: { cluster: 'PassthroughCluster', timeout: '0s', max_grpc_timeout: '0s' },
      name: 'allow_any',
    },
  ],
  include_request_attempt_count: true,
};

/**
 * One route configuration for each port on which some Service speaks HTTP (its name is the port), and one for each Service port
 * without a declared protocol (`host:port`). VirtualService hosts that are no Service appear on every port.
 */
export function sidecarRoutes(
  node: SidecarNode,
  services: MeshService[],
  virtualServices: VirtualServiceObject[],
): RouteConfigJson[] {
  const byHost = new Map(services.map((service) => [service.host, service]));
  const forMesh = virtualServices
    .filter((one) => gatewayNames(one.spec?.gateways, namespaceOf(one)).includes('mesh'))
    .filter((one) => isVisibleTo(one.spec?.exportTo, namespaceOf(one), node.namespace))
    .sort(byAge);
  const context = (listenPort: number): RouteContext => ({
    listenPort,
    gateways: new Set(['mesh']),
    proxyLabels: node.labels,
    proxyNamespace: node.namespace,
    services: byHost,
  });
  const speaking = (protocol: MeshPort['protocol']) =>
    services.flatMap((service) =>
      service.ports.filter((port) => port.protocol === protocol).map((port) => ({ service, port })),
    );

  const http = speaking('http');
  const ports = [...new Set(http.map(({ port }) => port.number))].sort((a, b) => a - b);
  const perPort = ports.map((number) => {
    const onPort = http.filter(({ port }) => port.number === number).map(({ service }) => service);
    return routeConfig(String(number), [
      ...onPort.map((service) => serviceHost(service, number, node, forMesh, context(number))),
      ...foreignHosts(forMesh, byHost, context(number)),
    ]);
  });
  const sniffed = speaking('auto').map(({ service, port }) =>
    routeConfig(`${service.host}:${port.number}`, [
      serviceHost(service, port.number, node, forMesh, context(port.number)),
    ]),
  );
  return [...perPort, ...sniffed];
}

function routeConfig(name: string, hosts: VirtualHostJson[]): RouteConfigJson {
  return {
    name,
    virtual_hosts: [...withoutRepeatedDomains(hosts).sort((a, b) => (a.name < b.name ? -1 : 1)), ALLOW_ANY],
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

function serviceHost(
  service: MeshService,
  port: number,
  node: SidecarNode,
  virtualServices: VirtualServiceObject[],
  context: RouteContext,
): VirtualHostJson {
  // Sidecars do not merge: the oldest VirtualService of a host has it alone.
  const own = virtualServices.find((one) =>
    (one.spec?.hosts ?? []).some((host) => resolveHost(host, namespaceOf(one)) === service.host),
  );
  const routes = own === undefined ? [defaultRoute(service.host, port)] : virtualServiceRoutes(own, context);
  return virtualHost(`${service.host}:${port}`, serviceDomains(service, node.namespace), routes);
}

function foreignHosts(
  virtualServices: VirtualServiceObject[],
  services: Map<string, MeshService>,
  context: RouteContext,
): VirtualHostJson[] {
  return virtualServices.flatMap((one) =>
    (one.spec?.hosts ?? [])
      .map((host) => resolveHost(host, namespaceOf(one)))
      .filter((host) => !services.has(host))
      .map((host) =>
        virtualHost(`${host}:${context.listenPort}`, [host], virtualServiceRoutes(one, context)),
      ),
  );
}

/** Every name by which a caller in this namespace may call the Service. */
function serviceDomains(service: MeshService, callerNamespace: string): string[] {
  const { name, namespace, host, clusterIp } = service;
  const short =
    namespace === callerNamespace
      ? [name, `${name}.${namespace}.svc`, `${name}.${namespace}`]
      : [`${name}.${namespace}`, `${name}.${namespace}.svc`];
  return [host, `${host}.`, ...short, ...(clusterIp === undefined ? [] : [clusterIp])];
}

export function virtualHost(name: string, domains: string[], routes: RouteJson[]): VirtualHostJson {
  return { name, domains, routes, include_request_attempt_count: true };
}

/** Envoy rejects a domain that two virtual hosts claim: the first one keeps it. */
export function withoutRepeatedDomains(hosts: VirtualHostJson[]): VirtualHostJson[] {
  const seen = new Set<string>();
  return hosts.flatMap((host) => {
    const domains = host.domains.filter((domain) => !seen.has(domain));
    for (const domain of domains) seen.add(domain);
    return domains.length === 0 ? [] : [{ ...host, domains }];
  });
}
