import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ApiContext } from './context.ts';
import { EXEC_PROTOCOLS } from './exec.ts';
import type { PodAddress } from './port-forward.ts';
import { webSocketServer, whenClosing } from './streams/web-socket.ts';

const STDOUT = 1;
const ERROR = 3;
const SUCCESS = JSON.stringify({ metadata: {}, status: 'Success' });

/** `kubectl attach`: what the container writes from now on, until one of the two ends. There is no way in to its stdin. */
export function upgradeToAttach(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  pod: PodAddress,
  container: string,
  context: ApiContext,
): void {
  webSocketServer(EXEC_PROTOCOLS).handleUpgrade(request, socket, head, (webSocket) => {
    const send = (channel: number, text: string) =>
      webSocket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
    send(STDOUT, '');
    void follow(webSocket, pod, container, context, (text) => send(STDOUT, text)).then(() => {
      if (webSocket.readyState !== webSocket.OPEN) return;
      send(ERROR, SUCCESS);
      webSocket.close(1000);
    });
  });
}

const LOG_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io'];

/** Logs over a WebSocket: each piece a message. */
export function upgradeToLog(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  chunks: AsyncIterable<string | Buffer>,
): void {
  webSocketServer(LOG_PROTOCOLS).handleUpgrade(request, socket, head, (webSocket) => {
    const isBase64 = webSocket.protocol.startsWith('base64');
    webSocket.send(Buffer.alloc(0));
    void forEach(webSocket, chunks, (chunk) => {
      const bytes = Buffer.from(chunk);
      webSocket.send(isBase64 ? bytes.toString('base64') : bytes);
    }).then(() => webSocket.close(1000));
  });
}

export const isLogProtocol = (offered: string | undefined): boolean =>
  offered === undefined || offered.split(',').some((one) => LOG_PROTOCOLS.includes(one.trim()));

function follow(
  webSocket: WebSocket,
  { namespace, name }: PodAddress,
  container: string,
  { readLogs, closing }: ApiContext,
  write: (text: string) => void,
): Promise<void> {
  if (readLogs === undefined) return Promise.resolve();
  const lines = readLogs(namespace, name, container, { follow: true, tailLines: 0 });
  whenClosing(webSocket, closing, () => webSocket.close(1000));
  return forEach(webSocket, lines, (chunk) => write(chunk.toString()));
}

async function forEach(
  webSocket: WebSocket,
  chunks: AsyncIterable<string | Buffer>,
  use: (chunk: string | Buffer) => void,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  webSocket.on('close', () => void iterator.return?.());
  webSocket.on('error', () => void iterator.return?.());
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      use(next.value);
    }
  } catch {
    // The log ended with its pod: so does the stream.
  }
}
