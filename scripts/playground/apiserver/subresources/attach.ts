import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiContext } from '../context.ts';
import type { PodAddress } from './port-forward.ts';
import { SUCCESS, type CommandStreams } from './streams/command-streams.ts';
import { acceptWebSocket, whenClosing } from './streams/web-socket.ts';

/**
 * `kubectl attach`: what the container writes from now on, until one
 * of the two ends. There is no way in to its stdin.
 */
export function runAttach(
  streams: CommandStreams,
  { namespace, name }: PodAddress,
  container: string,
  { readLogs, closing }: ApiContext,
): void {
  if (readLogs === undefined) {
    streams.finish(SUCCESS);
    return;
  }
  const lines = readLogs(namespace, name, container, { follow: true, tailLines: 0 });
  whenClosing({ on: (_event, listener) => streams.onClose(listener) }, closing, () => streams.close());
  const onClose = (listener: () => void) => streams.onClose(listener);
  void forEach(lines, onClose, (chunk) => streams.write('stdout', Buffer.from(chunk))).then(() =>
    streams.finish(SUCCESS),
  );
}

const LOG_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io'];

/** Logs over a WebSocket: each piece a message. */
export function upgradeToLog(
  upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer },
  chunks: AsyncIterable<string | Buffer>,
): void {
  acceptWebSocket(LOG_PROTOCOLS, upgrade, (webSocket) => {
    const isBase64 = webSocket.protocol.startsWith('base64');
    webSocket.send(Buffer.alloc(0));
    const onClose = (listener: () => void) => void webSocket.on('close', listener);
    void forEach(chunks, onClose, (chunk) => {
      const bytes = Buffer.from(chunk);
      return new Promise((sent) => webSocket.send(isBase64 ? bytes.toString('base64') : bytes, () => sent()));
    }).then(() => webSocket.close(1000));
  });
}

export const isLogProtocol = (offered: string | undefined): boolean =>
  offered === undefined || offered.split(',').some((one) => LOG_PROTOCOLS.includes(one.trim()));

/** Hands on each piece when the one before is on its way. Resolves when the log or its reader has ended. */
async function forEach(
  chunks: AsyncIterable<string | Buffer>,
  onClose: (listener: () => void) => void,
  use: (chunk: string | Buffer) => Promise<void>,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  const closed = new AbortController();
  onClose(() => {
    closed.abort();
    void iterator.return?.();
  });
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (closed.signal.aborted) return;
      await use(next.value);
    }
  } catch {
    // The log ended with its pod: so does the stream.
  }
}
