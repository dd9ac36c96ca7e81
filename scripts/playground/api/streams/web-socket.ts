import { setMaxListeners } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';

/** Takes over upgraded connections; speaks the first of these protocols that the client offers. */
export function webSocketServer(protocols: readonly string[]): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offers) => protocols.find((one) => offers.has(one)) ?? false,
  });
}

/** What ends an open stream when the server closes. One listener per stream, and each goes with it: many are no leak. */
export function whenClosing(webSocket: WebSocket, closing: AbortSignal, end: () => void): void {
  setMaxListeners(0, closing);
  closing.addEventListener('abort', end);
  webSocket.on('close', () => closing.removeEventListener('abort', end));
}
