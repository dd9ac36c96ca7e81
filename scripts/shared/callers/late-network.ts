import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * A Service as kube-proxy makes it: each new connection goes to the endpoint
 * that is current when it opens, and established ones stay where they are. Bytes
 * travel `delayMs` each way, since a request is lost only while it travels.
 */
export interface LateNetwork {
  port: number;
  pointTo(port: number): void;
  close(): Promise<void>;
}

export async function startLateNetwork(firstPort: number, delayMs: number): Promise<LateNetwork> {
  let target = firstPort;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (inbound) => {
    const outbound = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (bytes) => later(() => to.writable && to.write(bytes)));
      from.on('end', () => later(() => to.end()));
      // Pass errors on: a reset stays a reset, a refusal becomes a reset.
      from.on('error', () => later(() => to.resetAndDestroy()));
      from.on('close', () => {
        sockets.delete(from);
        later(() => to.destroy());
      });
    }
  });
  const later = (action: () => void): void => void setTimeout(action, delayMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pointTo(port) {
      target = port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
