import net from 'node:net';
import { createTcpListener, guardSocket } from '../../shared/listener/index.ts';
import type { PodNetwork, SocketAddress } from '../network-types.ts';
import type { Target } from './endpoint-rules.ts';
import { listen } from './listen.ts';
import { mirror } from './mirror.ts';
import { resetConnection } from './reset-connection.ts';

/** One port of a Service: accepts connections and passes each to a pod chosen at that moment. */
export interface Forwarder {
  readonly address: SocketAddress;
  /** New connections go to one of these; established ones stay where they are. */
  setTargets(targets: readonly Target[]): void;
  /** Stops accepting; established connections live on until `destroy`. */
  close(): void;
  destroy(): void;
}

export interface ForwarderOptions {
  network: PodNetwork;
  /** From 0 to 1: which target the next connection gets. */
  random: () => number;
  /** The port to listen on if it is free, e.g. the Service's nodePort. Otherwise the system chooses. */
  preferredPort?: number;
}

/**
 * Opens a forwarder on 127.0.0.1. It works on connections, never on requests, as
 * kube-proxy does; unlike kube-proxy's rules it accepts before it knows whether
 * the pod does, so a refused connection shows as a reset of the client's.
 */
export async function openForwarder({
  network,
  random,
  preferredPort,
}: ForwarderOptions): Promise<Forwarder> {
  let targets: readonly Target[] = [];
  const clients = new Set<net.Socket>();

  const accept = (client: net.Socket): void => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => client.destroy());
    const target = targets[Math.floor(random() * targets.length)];
    const pod = target && reach(network, target);
    if (pod === undefined) {
      resetConnection(client);
      return;
    }
    const upstream = net.connect({ ...pod, allowHalfOpen: true, noDelay: true });
    guardSocket(upstream, 'a connection to a pod');
    upstream.on('error', () => upstream.destroy());
    // Refused: our client was accepted already, the closest we can come is a reset. The mirror does that.
    mirror(client, upstream);
  };
  const server = createTcpListener({ name: "a Service's port", allowHalfOpen: true, noDelay: true }, accept);

  const port = await listenPreferably(server, preferredPort);
  return {
    address: { host: '127.0.0.1', port },
    setTargets: (next) => void (targets = next),
    close: () => void server.close(),
    destroy() {
      server.close();
      for (const client of clients) resetConnection(client);
    },
  };
}

/** The API server is an endpoint of the Service `kubernetes` and no pod. */
function reach(network: PodNetwork, { ip, port }: Target): SocketAddress | undefined {
  return ip === '127.0.0.1' ? { host: ip, port } : network.outside(ip, port);
}

async function listenPreferably(server: net.Server, preferred: number | undefined): Promise<number> {
  if (preferred !== undefined) {
    try {
      return await listen(server, '127.0.0.1', preferred);
    } catch {
      // Taken, e.g. by another playground whose Service got the same nodePort.
    }
  }
  return await listen(server, '127.0.0.1', 0);
}
