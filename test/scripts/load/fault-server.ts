import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What the server does with one request, decided by its number (from 1). */
export type Fault =
  | 'answer'
  | 'answer and close'
  | '503'
  | '302'
  | '304'
  | '404'
  | 'chunked'
  | 'chunked cut'
  | 'until close'
  | 'reset'
  | 'fin'
  | 'truncate'
  | 'garbage'
  | 'silence';

export interface FaultServer {
  port: number;
  url: string;
  /** Requests that arrived whole, by what was done with them. */
  seen: Record<string, number>;
  total(): number;
  connections(): number;
  close(): Promise<void>;
}

const body = '{"order":"espresso"}';
const head = (status: string, extra: string): string =>
  `HTTP/1.1 ${status}\r\nx-version: v1\r\nx-pod: pod-1\r\n${extra}\r\n`;
const answers: Partial<Record<Fault, string>> = {
  answer: head('201 Created', `Content-Length: ${body.length}\r\n`) + body,
  'answer and close': head('201 Created', `Connection: close\r\nContent-Length: ${body.length}\r\n`) + body,
  '503': head('503 Service Unavailable', 'Content-Length: 19\r\n') + 'no healthy upstream',
  '302': head('302 Found', 'Location: /login\r\nContent-Length: 0\r\n'),
  '304': head('304 Not Modified', ''),
  '404': head('404 Not Found', 'Content-Length: 0\r\n'),
  chunked:
    head('200 OK', 'Transfer-Encoding: chunked\r\n') +
    '5\r\nespre\r\n3;x=y\r\nsso\r\n0\r\nx-trailer: 1\r\n\r\n',
};

/** A server on plain sockets, so that each way of failing is exactly what it says. */
export async function startFaultServer(decide: (request: number) => Fault): Promise<FaultServer> {
  const seen: Record<string, number> = {};
  const sockets = new Set<Socket>();
  let total = 0;
  let connections = 0;
  const answer = (socket: Socket): void => {
    total += 1;
    const fault = decide(total);
    seen[fault] = (seen[fault] ?? 0) + 1;
    const text = answers[fault];
    if (text !== undefined) socket.write(text);
    switch (fault) {
      case 'answer and close':
      case 'fin':
        socket.end();
        break;
      case 'reset':
        socket.resetAndDestroy();
        break;
      case 'truncate':
        socket.end(head('201 Created', 'Content-Length: 100\r\n') + body);
        break;
      case 'chunked cut':
        socket.end(`${head('200 OK', 'Transfer-Encoding: chunked\r\n')}5\r\nespre\r\n`);
        break;
      case 'until close':
        socket.end(head('200 OK', '') + body);
        break;
      case 'garbage':
        socket.end('SSH-2.0-OpenSSH\r\n\r\n');
        break;
      default:
    }
  };
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = endOfRequest(pending); end > 0; end = endOfRequest(pending)) {
        pending = pending.slice(end);
        answer(socket);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/orders`,
    seen,
    total: () => total,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function endOfRequest(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return -1;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length >= end + 4 + length ? end + 4 + length : -1;
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
