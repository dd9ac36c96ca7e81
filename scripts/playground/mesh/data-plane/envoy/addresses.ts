import type { SocketAddress } from '../../../network-types.ts';

/** A socket of this machine in Envoy's spelling. */
export function envoyAddress({ host, port }: SocketAddress): object {
  return { socket_address: { address: host, port_value: port } };
}

/** The first socket is a listener's or cluster's address, the others are more of the same. */
export function envoyAddresses([first, ...more]: SocketAddress[]): {
  address?: object;
  additional_addresses?: object[];
} {
  if (first === undefined) return {};
  return {
    address: envoyAddress(first),
    ...(more.length === 0
      ? {}
      : { additional_addresses: more.map((one) => ({ address: envoyAddress(one) })) }),
  };
}

/**
 * Maps sockets of this machine to pods' addresses and ports. Envoy connects to sockets; the readers of its
 * admin port expect pods' addresses.
 */
export class PodAddresses {
  readonly #sockets = new Map<string, SocketAddress>();
  readonly #pods = new Map<string, SocketAddress>();

  /**
   * The pod's address is at this socket. Further sockets of the same
   * address (inside the pod) are only shown as it.
   */
  set(podIp: string, podPort: number, socket: SocketAddress): void {
    this.#sockets.set(`${podIp}:${podPort}`, socket);
    this.show(socket, { host: podIp, port: podPort });
  }

  show(socket: SocketAddress, as: SocketAddress): void {
    this.#pods.set(`${socket.host}:${socket.port}`, as);
  }

  socketOf(podIp: string, podPort: number): SocketAddress {
    return this.#sockets.get(`${podIp}:${podPort}`) ?? { host: podIp, port: podPort };
  }

  /** An admin answer, JSON or text, with pods' addresses instead of sockets. `over` is asked first. */
  inText(text: string, over?: PodAddresses): string {
    const find = (host: string, port: string) =>
      (over === undefined ? undefined : over.#pods.get(`${host}:${port}`)) ??
      this.#pods.get(`${host}:${port}`);
    return text
      .replace(
        /("address":\s*")([^"]+)(",\s*"port_value":\s*)(\d+)/g,
        (all, before: string, host: string, between: string, port: string) => {
          const found = find(host, port);
          return found === undefined ? all : `${before}${found.host}${between}${found.port}`;
        },
      )
      .replace(/\b(\d+\.\d+\.\d+\.\d+):(\d+)\b/g, (all, host: string, port: string) => {
        const found = find(host, port);
        return found === undefined ? all : `${found.host}:${found.port}`;
      });
  }
}
