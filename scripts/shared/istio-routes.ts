/** What a VirtualService says of who gets its requests, as far as more than one command must read it. */
import type { Destination, RouteDestination, VirtualService } from './kubernetes.ts';

/** `coffee-shop` in namespace `shop` is `coffee-shop.shop.svc.cluster.local`; a host with a dot is taken as it is. */
export function fullHost(host: string, namespace: string, clusterDomain = 'cluster.local'): string {
  return host.includes('.') ? host : `${host}.${namespace}.svc.${clusterDomain}`;
}

/** A destination alone has all of its route, whatever its weight; beside others none means 0. */
export function weightOf(one: RouteDestination, all: readonly RouteDestination[]): number {
  return all.length === 1 ? 100 : (one.weight ?? 0);
}

/** Everything that a route gives requests to; a mirror gets copies, and its answers reach nobody. */
export function receivers({ spec: { http = [], tcp = [], tls = [] } }: VirtualService): Destination[] {
  return [...http, ...tcp, ...tls].flatMap(({ route = [] }) =>
    route.filter((one) => weightOf(one, route) > 0).map(({ destination }) => destination),
  );
}
