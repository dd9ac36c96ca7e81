/** The address of a host of a cluster, in Envoy's admin answers. */
export interface EnvoyAddress {
  socket_address?: { address?: string; port_value?: number };
  /**
   * A pod of the ambient mesh: requests go through an internal listener, and the pod stands in `endpoint_id`.
   */
  envoy_internal_address?: { server_listener_name?: string; endpoint_id?: string };
  /** A Unix socket in the proxy's own pod. */
  pipe?: { path?: string };
}

/** `10.0.0.1`, or undefined for anything but a socket address. */
export function ipOf(address: EnvoyAddress | undefined): string | undefined {
  const ip = address?.socket_address?.address;
  return ip === '' ? undefined : ip;
}

/**
 * The pod behind an internal listener; undefined for any other address.
 * It tells only whose the address is: its counters cannot be read.
 */
export function innerIpOf(address: EnvoyAddress | undefined): string | undefined {
  const id = address?.envoy_internal_address?.endpoint_id;
  return id === undefined ? undefined : /^\[?([0-9a-fA-F.:]+?)\]?:\d+$/.exec(id)?.[1];
}

/** An address as in the answer, for messages. */
export function describeAddress(address: EnvoyAddress | undefined): string {
  return address === undefined ? 'no address' : JSON.stringify(address).slice(0, 200);
}
