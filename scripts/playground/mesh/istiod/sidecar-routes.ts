import type { RouteConfigJson, RouteJson, VirtualHostJson } from '../xds-types.ts';
import { clusterName } from './clusters.ts';
import { defaultRoute, virtualServiceRoutes, type RouteContext } from './http-route.ts';
import { covers, isOfHttpRoute, type Destination, type VirtualServiceObject } from './istio-objects.ts';
import type { MeshPort, MeshService } from './services.ts';
import { egressFor, hostsOf, type ScopedNode, type SidecarScope } from './sidecar-scope.ts';

/** Where calls go that no Service or VirtualService of the scope answers to. */
function unknownHost({ unknown, services }: SidecarScope): VirtualHostJson {
  const catchAll = (name: string, route: Omit<RouteJson, 'match'>): VirtualHostJson => ({
    name,
    domains: ['*'],
    routes: [{ match: { prefix: '/' }, ...route, name }],
    include_request_attempt_count: true,
  });
  if (unknown === 'refuse') return catchAll('block_all', { direct_response: { status: 502 } });
  const cluster = unknown === 'pass' ? 'PassthroughCluster' : egressProxyCluster(unknown.proxy, services);
  return catchAll('allow_any', { route: { cluster, timeout: '0s', max_grpc_timeout: '0s' } });
}

function egressProxyCluster({ host, port, subset = '' }: Destination, services: MeshService[]): string {
  const only = services.find((one) => one.host === host)?.ports[0]?.number ?? 0;
  return clusterName(port?.number ?? only, subset, host);
}

/**
 * One route configuration for each port on which some Service of the scope speaks HTTP (its name is the
 * port), and one for each Service port without a declared protocol (`host:port`). A VirtualService's hosts
 * that are no Service appear beside those that are, and on port 80 always.
 */
export function sidecarRoutes(node: ScopedNode, scope: SidecarScope): RouteConfigJson[] {
  const byHost = new Map(scope.services.map((service) => [service.host, service]));
  const context = (listenPort: number): RouteContext => ({
    listenPort,
    gateways: new Set(['mesh']),
    proxyLabels: node.labels,
    proxyNamespace: node.namespace,
    services: byHost,
  });
  const speaking = (protocol: MeshPort['protocol']) =>
    scope.egress.flatMap((listener) =>
      listener.services.flatMap((service) =>
        service.ports
          .filter((port) => port.protocol === protocol && egressFor(port.number, scope) === listener)
          .map((port) => ({ service, port, listener })),
      ),
    );

  const catchAll = unknownHost(scope);
  const http = speaking('http');
  const ports = [...new Set(http.map(({ port }) => port.number))].sort((a, b) => a - b);
  const perPort = ports.map((number) => {
    const onPort = http.filter(({ port }) => port.number === number);
    const hosts = new Set(onPort.map(({ service }) => service.host));
    const { virtualServices = [] } = egressFor(number, scope) ?? {};
    const beside = virtualServices.filter(
      (one) => number === 80 || hostsOf(one).some((host) => [...hosts].some((known) => covers(host, known))),
    );
    return routeConfig(String(number), catchAll, [
      ...onPort.map(({ service }) => serviceHost(service, number, node, virtualServices, context(number))),
      ...foreignHosts(beside, hosts, context(number)),
    ]);
  });
  const sniffed = speaking('auto').map(({ service, port, listener }) =>
    routeConfig(`${service.host}:${port.number}`, catchAll, [
      serviceHost(service, port.number, node, listener.virtualServices, context(port.number)),
    ]),
  );
  return [...perPort, ...sniffed];
}

function routeConfig(name: string, catchAll: VirtualHostJson, hosts: VirtualHostJson[]): RouteConfigJson {
  return {
    name,
    virtual_hosts: [...withoutRepeatedDomains(hosts).sort((a, b) => (a.name < b.name ? -1 : 1)), catchAll],
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

function serviceHost(
  service: MeshService,
  port: number,
  node: ScopedNode,
  virtualServices: VirtualServiceObject[],
  context: RouteContext,
): VirtualHostJson {
  const [routes = []] = virtualServicesOf(service.host, virtualServices)
    .map((one) => virtualServiceRoutes(one, context))
    .filter((found) => found.length > 0);
  // One of whose rules none is for this caller is as good as none.
  return virtualHost(
    `${service.host}:${port}`,
    serviceDomains(service, node.namespace),
    routes.length === 0 ? [defaultRoute(service.host, port)] : routes,
  );
}

/**
 * Sidecars do not merge: the oldest VirtualService that names a host has it alone, else the oldest of
 * the narrowest pattern. Before it stand the HTTPRoutes of that host: those of different ports of one
 * Service are several.
 */
function virtualServicesOf(host: string, virtualServices: VirtualServiceObject[]): VirtualServiceObject[] {
  const fits = virtualServices.flatMap((one) =>
    hostsOf(one)
      .filter((pattern) => covers(pattern, host))
      .map((pattern) => ({ one, rank: pattern === host ? Infinity : pattern.length })),
  );
  const best = Math.max(...fits.map(({ rank }) => rank));
  const narrowest = fits.filter(({ rank }) => rank === best).map(({ one }) => one);
  return [...narrowest.filter(isOfHttpRoute), ...narrowest.filter((one) => !isOfHttpRoute(one)).slice(0, 1)];
}

function foreignHosts(
  virtualServices: VirtualServiceObject[],
  onPort: ReadonlySet<string>,
  context: RouteContext,
): VirtualHostJson[] {
  return virtualServices.flatMap((one) => {
    const routes = virtualServiceRoutes(one, context);
    return hostsOf(one)
      .filter((host) => routes.length > 0 && ![...onPort].some((known) => covers(host, known)))
      .map((host) => virtualHost(`${host}:${context.listenPort}`, [host], routes));
  });
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
