/** The names that Istio gives clusters and routes inside its proxies. */

export interface ClusterName {
  port: number;
  /** Empty for the cluster of all versions. */
  subset: string;
  host: string;
}

/** Reads `outbound|8080|v2|coffee-shop.shop.svc.cluster.local`; undefined for every other kind of cluster. */
export function parseClusterName(name: string): ClusterName | undefined {
  const [direction, port, subset, host, ...more] = name.split('|');
  if (
    direction !== 'outbound' ||
    port === undefined ||
    subset === undefined ||
    host === undefined ||
    more.length > 0
  ) {
    return undefined;
  }
  return { port: Number(port), subset, host };
}

/**
 * An RE2 pattern for the names of the clusters of a host, of one subset or of all. Envoy matches whole names.
 */
export function clusterNamePattern(host: string, subset?: string): string {
  return `outbound\\|[0-9]+\\|${subset === undefined ? '[^|]*' : escapePattern(subset)}\\|${escapePattern(host)}`;
}

/** Escapes a text for an RE2 pattern. */
export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What Istio writes into the metadata of every route it makes from a VirtualService. */
export function virtualServiceReference(namespace: string, name: string): string {
  return `/apis/networking.istio.io/v1/namespaces/${namespace}/virtual-service/${name}`;
}

/** The same with v1, whatever API version istiod has written. */
export function withV1(reference: string): string {
  return reference.replace(/^(\/apis\/networking\.istio\.io\/)[^/]+\//, '$1v1/');
}
