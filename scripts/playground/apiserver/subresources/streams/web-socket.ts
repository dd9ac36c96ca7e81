import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { guardEmitter, warnOfFault } from '../../../../shared/listener/index.ts';

/**
 * Takes over an upgraded connection; speaks the first of these protocols that the client offers. A client
 * that breaks the protocol, and a handler that fails, cost this connection only.
 */
export function acceptWebSocket(
  protocols: readonly string[],
  { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
  onOpen: (webSocket: WebSocket) => void,
): void {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offers) => protocols.find((one) => offers.has(one)) ?? false,
  });
  server.handleUpgrade(request, socket, head, (webSocket) => {
    guardWebSocket(webSocket);
    onOpen(webSocket);
  });
}

/** A broken frame ends the connection, and its `close` is all there is to know. */
export function guardWebSocket(webSocket: WebSocket): void {
  guardEmitter(webSocket, (error) => {
    warnOfFault('a WebSocket', error);
    webSocket.terminate();
  });
  webSocket.on('error', () => webSocket.terminate());
}

/**
 * What ends an open stream when the server closes. One listener per
 * stream, and each goes with it: many are no leak.
 */
export function whenClosing(
  stream: { on(event: 'close', listener: () => void): unknown },
  closing: AbortSignal,
  end: () => void,
): void {
  setMaxListeners(0, closing);
  closing.addEventListener('abort', end);
  stream.on('close', () => closing.removeEventListener('abort', end));
}
