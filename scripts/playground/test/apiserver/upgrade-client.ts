import { randomBytes } from 'node:crypto';
import tls from 'node:tls';
import type { ApiServer } from '../../apiserver/index.ts';

export type Transport = 'plain' | 'websocket' | 'spdy';

export interface RawAsk {
  method: string;
  path: string;
  transport: Transport;
  /** What is offered to speak: a WebSocket's subprotocol, a version over SPDY. */
  protocol?: string;
  headers?: [string, string][];
  token?: string;
  body?: string;
}

/**
 * Sends one request byte by byte and gives the status and the
 * beginning of the answer; the connection ends there.
 */
export function askRaw(
  server: ApiServer,
  { method, path, transport, protocol, headers = [], token = server.token, body = '' }: RawAsk,
): Promise<{ status: number; text: string }> {
  const upgrade: Record<Transport, [string, string][]> = {
    plain: [['connection', 'close']],
    websocket: [
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['origin', 'https://page.example'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-key', randomBytes(16).toString('base64')],
      ...(protocol === undefined ? [] : ([['sec-websocket-protocol', protocol]] as [string, string][])),
    ],
    spdy: [
      ['connection', 'Upgrade'],
      ['upgrade', 'SPDY/3.1'],
      ['x-stream-protocol-version', protocol ?? 'v4.channel.k8s.io'],
    ],
  };
  const lines = [
    ['host', `127.0.0.1:${server.port}`],
    ['authorization', `Bearer ${token}`],
    ...upgrade[transport],
    ...headers,
    ...(body === '' ? [] : [['content-length', String(Buffer.byteLength(body))]]),
  ].map(([name = '', value = '']) => `${name}: ${value}`);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: server.caPem });
    let text = '';
    const look = (isOver: boolean): void => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
      const head = text.indexOf('\r\n\r\n');
      if (!isOver && (head === -1 || (status >= 400 && text.length < head + 5))) return;
      socket.destroy();
      resolve({ status, text });
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      look(false);
    });
    socket.on('error', reject);
    socket.on('close', () => look(true));
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  });
}
