import type http from 'node:http';
import net from 'node:net';
import type { SocketAddress } from '../../network-types.ts';

/** Every socket one proxy listens on, so that all of them can be gone at once as when a process ends. */
export class SocketServers {
  readonly #servers = new Set<net.Server>();
  readonly #sockets = new Set<net.Socket>();

  /** Listens for raw connections. Resolves with the address, which matters when the port was 0. */
  async listen(address: SocketAddress, onConnection: (socket: net.Socket) => void): Promise<SocketAddress> {
    return this.#open(
      net.createServer({ noDelay: true }, (socket) => onConnection(socket)),
      address,
    );
  }

  async serve(address: SocketAddress, server: http.Server): Promise<SocketAddress> {
    return this.#open(server, address);
  }

  /** Ends listeners and connections, as the kernel does for a process that is gone. */
  kill(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#servers.clear();
  }

  async #open(server: net.Server, address: SocketAddress): Promise<SocketAddress> {
    server.on('connection', (socket: net.Socket) => {
      this.#sockets.add(socket);
      // Whoever serves the socket hears of its end by `close`; a reset needs no further answer.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, backlog: 1024 }, () => {
        server.off('error', reject);
        // A connection that cannot be accepted (out of descriptors) is that caller's loss, not the proxy's end.
        server.on('error', () => undefined);
        resolve();
      });
    });
    this.#servers.add(server);
    const bound = server.address() as net.AddressInfo;
    return { host: bound.address, port: bound.port };
  }
}
