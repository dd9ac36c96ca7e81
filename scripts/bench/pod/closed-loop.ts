import { connect, type Socket } from 'node:net';

export interface ClosedLoopOptions {
  port: number;
  connections: number;
  /** How many requests to send, together. */
  requests: number;
  /** The n-th request, as it goes over the wire. */
  request: (n: number) => Buffer;
  /** Requests after which a connection is closed and opened anew; undefined: never. */
  requestsPerConnection?: number;
}

export interface ClosedLoopResult {
  answered: number;
  durationMs: number;
  /** One per answer, unsorted. */
  latenciesMs: number[];
}

/**
 * Asks as fast as answers come, over raw sockets: what the caller
 * itself costs is small and the same for every server.
 */
export async function runClosedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  const { port, connections, requests, request, requestsPerConnection = Infinity } = options;
  const latenciesMs: number[] = [];
  let sent = 0;
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    let socket: Socket | undefined;
    let onThis = 0;
    while (sent < requests) {
      if (!socket || onThis >= requestsPerConnection) {
        socket?.destroy();
        socket = await open(port);
        onThis = 0;
      }
      onThis += 1;
      const bytes = request(sent);
      sent += 1;
      const sentAt = performance.now();
      await answer(socket, bytes);
      latenciesMs.push(performance.now() - sentAt);
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: connections }, caller));
  return { answered: latenciesMs.length, durationMs: performance.now() - startedAt, latenciesMs };
}

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    }).once('error', reject);
  });

/** Sends one request and resolves when its whole answer has arrived. */
function answer(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing: number | undefined;
    let head = '';
    const finish = (error?: Error): void => {
      socket.off('data', onData).off('error', finish).off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = (): void => finish(new Error('closed without an answer'));
    const onData = (data: Buffer): void => {
      if (missing === undefined) {
        head += data.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        missing = end + 4 + length - head.length;
      } else missing -= data.length;
      if (missing <= 0) finish();
    };
    socket.on('data', onData).once('error', finish).once('close', onClose);
    socket.write(bytes);
  });
}

/** A request as bytes. */
export function rawRequest(method: string, path: string, body = ''): Buffer {
  const length =
    body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${length}\r\n${body}`);
}
