import type { RouteConfigJson, RouteJson } from '../xds-types.ts';
import { gatewayNames, virtualServiceRoutes, type RouteContext } from './http-route.ts';
import type { GatewayObject, VirtualServiceObject } from './istio-objects.ts';
import {
  byAge,
  covers,
  GATEWAY_SEMANTICS,
  isVisibleTo,
  labelsMatch,
  namespaceOf,
  resolveHost,
} from './istio-objects.ts';
import { isCatchAll } from './route-match.ts';
import type { MeshService } from './services.ts';
import { virtualHost, withoutRepeatedDomains } from './sidecar-routes.ts';

export interface GatewayNode {
  namespace: string;
  labels: Record<string, string>;
  /** The pod's port behind each port of its Service: 80 -> 8080. */
  targetPorts: ReadonlyMap<number, number>;
}

interface HttpServer {
  gateway: string;
  namespace: string;
  port: number;
  hosts: string[];
}

/**
 * One route configuration, `http.<pod port>`, for each port on which
 * some Gateway with a matching selector serves HTTP.
 */
export function gatewayRoutes(
  node: GatewayNode,
  services: MeshService[],
  gateways: GatewayObject[],
  virtualServices: VirtualServiceObject[],
): RouteConfigJson[] {
  const servers = httpServers(node, gateways);
  const byHost = new Map(services.map((service) => [service.host, service]));
  const ports = [...new Set(servers.map((server) => server.port))].sort((a, b) => a - b);
  return ports.map((port) => {
    const onPort = servers.filter((server) => server.port === port);
    const context: RouteContext = {
      listenPort: port,
      gateways: new Set(onPort.map((server) => server.gateway)),
      proxyLabels: node.labels,
      proxyNamespace: node.namespace,
      services: byHost,
    };
    return {
      name: `http.${node.targetPorts.get(port) ?? port}`,
      virtual_hosts: virtualHosts(onPort, virtualServices, context, node),
      validate_clusters: false,
      max_direct_response_body_size_bytes: 1_048_576,
      ignore_port_in_host_matching: true,
    };
  });
}

/**
 * A Gateway of Gateway API belongs to the pods of one Service, any other to whatever pods its selector
 * finds.
 */
function isBehindService({ metadata }: GatewayObject, node: GatewayNode): boolean {
  const service = metadata.annotations?.[GATEWAY_SEMANTICS.service];
  return service === undefined || service.split('.')[1] === node.namespace;
}

export function httpServers(node: GatewayNode, gateways: GatewayObject[]): HttpServer[] {
  return gateways
    .filter((gateway) => labelsMatch(gateway.spec?.selector, node.labels))
    .filter((gateway) => isBehindService(gateway, node))
    .sort(byAge)
    .flatMap((gateway) =>
      (gateway.spec?.servers ?? [])
        .filter((server) => /^(HTTP|HTTP2|GRPC|GRPC-WEB)$/i.test(server.port.protocol))
        .map((server) => ({
          gateway: `${namespaceOf(gateway)}/${gateway.metadata.name}`,
          namespace: namespaceOf(gateway),
          port: server.port.number,
          hosts: server.hosts,
        })),
    );
}

function virtualHosts(
  servers: HttpServer[],
  virtualServices: VirtualServiceObject[],
  context: RouteContext,
  node: GatewayNode,
) {
  const routesByHost = new Map<string, RouteJson[]>();
  const visible = [...virtualServices]
    .filter((one) => isVisibleTo(one.spec?.exportTo, namespaceOf(one), node.namespace))
    .sort(byAge);
  // The older Gateway's come first.
  for (const server of servers) {
    for (const one of visible) {
      const namespace = namespaceOf(one);
      if (!gatewayNames(one.spec?.gateways, namespace).includes(server.gateway)) continue;
      for (const host of one.spec?.hosts ?? []) {
        const common = commonHost(resolveHost(host, namespace), server, namespace);
        if (common === undefined) continue;
        const routes = virtualServiceRoutes(one, { ...context, gateways: new Set([server.gateway]) });
        routesByHost.set(common, merged(routesByHost.get(common) ?? [], routes));
      }
    }
  }
  if (routesByHost.size === 0) return [virtualHost(`blackhole:${context.listenPort}`, ['*'], [])];
  const hosts = [...routesByHost].map(([host, routes]) =>
    virtualHost(`${host}:${context.listenPort}`, [host], routes),
  );
  return withoutRepeatedDomains(hosts).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Gateways merge VirtualServices of one host, with what takes every
 * request at the end; the same route is not added twice.
 */
function merged(before: RouteJson[], more: RouteJson[]): RouteJson[] {
  const known = new Set(before.map((route) => JSON.stringify(route)));
  const all = [...before, ...more.filter((route) => !known.has(JSON.stringify(route)))];
  return [
    ...all.filter((route) => !isCatchAll(route.match)),
    ...all.filter((route) => isCatchAll(route.match)),
  ];
}

/**
 * The narrower of a VirtualService's host and one of the server's hosts
 * (`host` or `namespace/host`), when they have something in common.
 */
function commonHost(host: string, server: HttpServer, namespace: string): string | undefined {
  for (const entry of server.hosts) {
    const [scope, name] = entry.includes('/') ? (entry.split('/', 2) as [string, string]) : ['*', entry];
    if (scope !== '*' && (scope === '.' ? server.namespace : scope) !== namespace) continue;
    if (covers(name, host)) return host;
    if (covers(host, name)) return name;
  }
  return undefined;
}
