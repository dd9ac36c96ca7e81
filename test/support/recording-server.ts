/**
 * A small TLS API server that remembers how it was asked: by whom,
 * under which name, with which certificate; and a proxy before it.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { createCertificate } from '../../scripts/shared/certificate.ts';
import type { Certificate } from '../../scripts/shared/certificate.ts';

export interface RecordedRequest {
  method: string;
  path: string;
  /** Authorization and Impersonate-*, each value by itself, sorted. */
  credentials: string[];
  /** The common name of the client's certificate. */
  certificate: string | undefined;
  /** The name that was asked for in the TLS handshake. */
  serverName: string | undefined;
  /** Whether the answer may be compressed. */
  compressible: boolean;
  isUpgrade: boolean;
  /** The client's port: one for each connection. */
  connection: number;
}

export interface RecordingServer {
  port: number;
  url: string;
  certificate: Certificate;
  requests: RecordedRequest[];
  /** The status of the next answers; after the last of them 200. */
  next(...statuses: number[]): void;
  close(): Promise<void>;
}

/** Two clients with a certificate each, which the server knows. */
export const clients = { alice: createCertificate('alice'), bob: createCertificate('bob') };

export async function startRecordingServer(): Promise<RecordingServer> {
  const certificate = createCertificate('api-server');
  const sockets = new Set<Socket>();
  const statuses: number[] = [];
  const requests: RecordedRequest[] = [];
  const record = (request: http.IncomingMessage, isUpgrade: boolean) => {
    const { socket } = request as { socket: unknown } as { socket: TLSSocket };
    // Node gives {} for none.
    const subject = socket.getPeerCertificate().subject as { CN?: string } | undefined;
    const pairs = request.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? [`${name.toLowerCase()}: ${all[index + 1] ?? ''}`] : [],
    );
    requests.push({
      method: request.method ?? '',
      path: (request.url ?? '').split('?')[0] ?? '',
      credentials: pairs.filter((pair) => /^(authorization|impersonate-)/.test(pair)).sort(),
      certificate: subject?.CN,
      serverName: socket.servername === false ? undefined : (socket.servername ?? undefined),
      compressible: /gzip/.test(String(request.headers['accept-encoding'])),
      isUpgrade,
      connection: socket.remotePort ?? 0,
    });
  };
  const server = https.createServer(
    {
      cert: certificate.certPem,
      key: certificate.keyPem,
      requestCert: true,
      rejectUnauthorized: false,
      ca: Object.values(clients).map(({ certPem }) => certPem),
    },
    (request, response) => {
      record(request, false);
      const status = statuses.shift() ?? 200;
      const body =
        status === 200
          ? { gitVersion: 'v1.36.4', major: '1', minor: '36' }
          : {
              kind: 'Status',
              apiVersion: 'v1',
              status: 'Failure',
              code: status,
              reason: 'Unauthorized',
              message: 'no',
            };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    },
  );
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    record(request, true);
    const status = statuses.shift() ?? 101;
    if (status !== 101) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      for (const channel of [0, 1]) ws.send(Buffer.from([channel, 0, 0]));
      ws.on('message', () =>
        ws.send(Buffer.concat([Buffer.of(0), Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi')])),
      );
    });
  });
  server.on('connection', (socket: Socket) => track(sockets, socket));
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    certificate,
    requests,
    next: (...more) => void statuses.push(...more),
    close: () => closed(server, sockets),
  };
}

export interface RecordingProxy {
  url: string;
  port: number;
  /**
   * `CONNECT api.example:6443` or `GET http://…/version`, with what it was shown: `basic <user:password>`.
   */
  asked: string[];
  /** Answers everything with this status. */
  refuse: number | undefined;
  close(): Promise<void>;
}

/** An HTTP proxy that leads every name to the loopback. */
export async function startRecordingProxy(): Promise<RecordingProxy> {
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    note(request);
    const url = new URL(request.url ?? '/', 'http://nowhere');
    const onward = http.request(
      { host: '127.0.0.1', port: url.port, path: url.pathname + url.search, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  const note = ({ method, url, headers }: http.IncomingMessage) => {
    const [kind = '', packed = ''] = (headers['proxy-authorization'] ?? '').split(' ');
    const login = kind === '' ? '' : ` ${kind.toLowerCase()} ${Buffer.from(packed, 'base64').toString()}`;
    proxy.asked.push(`${method ?? ''} ${url ?? ''}${login}`);
  };
  server.on('connect', (request, socket, head) => {
    note(request);
    if (proxy.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refuse} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const port = Number((request.url ?? '').split(':').at(-1));
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    track(sockets, onward);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  server.on('connection', (socket: Socket) => track(sockets, socket));
  await listen(server);
  const { port } = server.address() as AddressInfo;
  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    asked: [],
    refuse: undefined,
    close: () => closed(server, sockets),
  };
  return proxy;
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
}

function listen(server: http.Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

async function closed(server: http.Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
