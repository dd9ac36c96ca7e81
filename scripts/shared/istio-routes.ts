/** Where a VirtualService sends requests, as far as more than one command reads it. */
import type { Destination, RouteDestination, VirtualService } from './kubernetes.ts';

/**
 * `coffee-shop` in namespace `shop` is `coffee-shop.shop.svc.cluster.local`;
 * a host with a dot is taken as it is.
 */
export function fullHost(host: string, namespace: string, clusterDomain = 'cluster.local'): string {
  return host.includes('.') ? host : `${host}.${namespace}.svc.${clusterDomain}`;
}

/** A single destination has weight 100 whatever it says; among several a missing weight is 0. */
export function weightOf(one: RouteDestination, all: readonly RouteDestination[]): number {
  return all.length === 1 ? 100 : (one.weight ?? 0);
}

/** All destinations of a route; mirrors are left out, since their answers are dropped. */
export function receivers({ spec: { http = [], tcp = [], tls = [] } }: VirtualService): Destination[] {
  return [...http, ...tcp, ...tls].flatMap(({ route = [] }) =>
    route.filter((one) => weightOf(one, route) > 0).map(({ destination }) => destination),
  );
}
