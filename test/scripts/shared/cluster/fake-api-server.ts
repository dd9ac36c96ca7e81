/** A small API server that answers what a test tells it to and remembers what it was asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import type WebSocket from 'ws';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export type Answer = (asked: Asked, response: http.ServerResponse) => void;

export interface FakeApiServer {
  url: string;
  kubeconfig: string;
  asked: Asked[];
  connections: number;
  webSockets: number;
  /** Answers the next request; after the last of them `otherwise` answers. */
  next(...answers: Answer[]): void;
  otherwise: Answer;
  /** What is on the other side of a port-forward: speaks TCP through the two callbacks. */
  onForward: (
    send: (bytes: string) => void,
    fail: (message: string) => void,
    socket: WebSocket,
  ) => (bytes: Buffer) => void;
  /** Refuses the upgrade with this status instead. */
  refuseForward: { status: number; body: string } | undefined;
  close(): Promise<void>;
}

export const json =
  (status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}): Answer =>
  (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

export const status = (
  code: number,
  reason: string,
  message: string,
  headers?: http.OutgoingHttpHeaders,
): Answer =>
  json(
    code,
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code },
    headers,
  );

export const reset: Answer = (_asked, response) => {
  response.socket?.destroy();
};
export const silence: Answer = () => undefined;

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const queue: Answer[] = [];
  const sockets = new Set<Socket>();
  const folder = mkdtempSync(path.join(tmpdir(), 'fake-api-server-'));
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const asked = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      if (url.pathname === '/version') {
        json(200, { gitVersion: 'v1.36.4' })(asked, response);
        return;
      }
      fake.asked.push(asked);
      (queue.shift() ?? fake.otherwise)(asked, response);
    });
  });
  server.on('connection', (socket: Socket) => {
    fake.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const forwards = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (fake.refuseForward) {
      const { status: code, body } = fake.refuseForward;
      socket.end(
        `HTTP/1.1 ${code} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    forwards.handleUpgrade(request, socket, head, (ws) => {
      fake.webSockets += 1;
      const port = Buffer.alloc(2);
      port.writeUInt16LE(Number(new URL(request.url ?? '', 'http://fake').searchParams.get('ports')));
      ws.send(Buffer.concat([Buffer.of(0), port]));
      ws.send(Buffer.concat([Buffer.of(1), port]));
      const receive = fake.onForward(
        (bytes) => ws.send(Buffer.concat([Buffer.of(0), Buffer.from(bytes)])),
        (message) => ws.send(Buffer.concat([Buffer.of(1), Buffer.from(message)])),
        ws,
      );
      ws.on('message', (data: Buffer) => receive(data.subarray(1)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = path.join(folder, 'kubeconfig.yaml');
  writeFileSync(kubeconfig, kubeconfigFor(url));
  const fake: FakeApiServer = {
    url,
    kubeconfig,
    asked: [],
    connections: 0,
    webSockets: 0,
    next: (...answers) => void queue.push(...answers),
    otherwise: status(404, 'NotFound', 'not found'),
    onForward: () => () => undefined,
    refuseForward: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fake;
}

export function kubeconfigFor(server: string): string {
  return `apiVersion: v1
kind: Config
current-context: fake
clusters: [{ name: fake, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: fake, user: { token: secret } }]
contexts: [{ name: fake, context: { cluster: fake, user: fake, namespace: shop } }]
`;
}
