import type http from 'node:http';
import type net from 'node:net';
import { createTcpListener } from '../../../shared/listener/index.ts';
import type { SocketAddress } from '../../network-types.ts';

interface SharedListener {
  server: net.Server;
  owner: SocketServers;
  accept: (socket: net.Socket) => void;
}

/**
 * Listeners that one proxy can take over from another, as a Service's address leads from one pod to the next.
 */
const shared = new Map<string, SharedListener>();
const PROXY = 'a connection to a proxy';
const keyOf = ({ host, port }: SocketAddress) => `${host}:${port}`;

/** Every socket one proxy listens on, so that all of them can be gone at once as when a process ends. */
export class SocketServers {
  readonly #servers = new Set<net.Server>();
  readonly #sockets = new Set<net.Socket>();

  /** Listens for raw connections. Resolves with the address, which matters when the port was 0. */
  async listen(address: SocketAddress, onConnection: (socket: net.Socket) => void): Promise<SocketAddress> {
    return this.#open(createTcpListener({ name: PROXY, noDelay: true }, onConnection), address);
  }

  /**
   * Like `listen`; but where another proxy holds the address, its
   * listener changes hands, and connections made so far stay with it.
   */
  async listenShared(
    address: SocketAddress,
    onConnection: (socket: net.Socket) => void,
  ): Promise<SocketAddress> {
    const accept = (socket: net.Socket) => {
      this.#track(socket);
      onConnection(socket);
    };
    const held = shared.get(keyOf(address));
    if (held !== undefined) {
      held.owner = this;
      held.accept = accept;
      return address;
    }
    const listener: SharedListener = {
      owner: this,
      accept,
      server: createTcpListener({ name: PROXY, noDelay: true }, (socket) => listener.accept(socket)),
    };
    const bound = await bind(listener.server, address);
    shared.set(keyOf(bound), listener);
    return bound;
  }

  /** Whether another proxy listens at an address that can be taken over. */
  isHeldByAnother(address: SocketAddress): boolean {
    const held = shared.get(keyOf(address));
    return held !== undefined && held.owner !== this;
  }

  async serve(address: SocketAddress, server: http.Server): Promise<SocketAddress> {
    return this.#open(server, address);
  }

  /** Ends listeners and connections, as the kernel does for a process that is gone. */
  kill(): void {
    for (const server of this.#servers) server.close();
    for (const [key, { owner, server }] of shared) {
      if (owner !== this) continue;
      server.close();
      shared.delete(key);
    }
    for (const socket of this.#sockets) socket.destroy();
    this.#servers.clear();
  }

  async #open(server: net.Server, address: SocketAddress): Promise<SocketAddress> {
    server.on('connection', (socket: net.Socket) => this.#track(socket));
    const bound = await bind(server, address);
    this.#servers.add(server);
    return bound;
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    // Whoever serves the socket hears of its end by `close`; a reset needs no further answer.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

async function bind(server: net.Server, address: SocketAddress): Promise<SocketAddress> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: 1024 }, () => {
      server.off('error', reject);
      // A connection that cannot be accepted (out of descriptors) is that caller's loss, not the proxy's end.
      server.on('error', () => undefined);
      resolve();
    });
  });
  const bound = server.address() as net.AddressInfo;
  return { host: bound.address, port: bound.port };
}
