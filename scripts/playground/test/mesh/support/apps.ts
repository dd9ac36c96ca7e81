import http from 'node:http';
import net from 'node:net';
import { createPortPool } from '../../../network/port-pool.ts';

export interface TestServer {
  address: { host: string; port: number };
  /** Connections taken so far. */
  connections: () => number;
  close: () => Promise<void>;
}

async function listening(server: net.Server, at = { host: '127.0.0.1', port: 0 }): Promise<TestServer> {
  let count = 0;
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  const { address: host, port } = server.address() as net.AddressInfo;
  return {
    address: { host, port },
    connections: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An ordinary HTTP server. */
export async function startApp(
  handler: http.RequestListener,
  at?: { host: string; port: number },
): Promise<TestServer> {
  return listening(http.createServer({ keepAliveTimeout: 60_000 }, handler), at);
}

/** A server that does to each connection, once a request has come, what it is told. */
export async function startRude(onRequest: (socket: net.Socket) => void): Promise<TestServer> {
  return listening(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => onRequest(socket));
    }),
  );
}

/** Says what it was asked: method, url, headers, body. */
export const echo: http.RequestListener = (request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (data: string) => (body += data));
  request.on('end', () => {
    response.setHeader('x-version', 'v1');
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
    );
  });
};

/** Not of the ports that systems give away: what is closed now would soon be another program's. */
const ports = createPortPool();

/** A port on which nobody listens. */
export async function closedPort(): Promise<{ host: string; port: number }> {
  return { host: '127.0.0.1', port: await ports.take() };
}
