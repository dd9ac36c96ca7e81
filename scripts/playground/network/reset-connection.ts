import type net from 'node:net';

/**
 * Resets a connection; one that is just sending its FIN is reset right after that. Node's `resetAndDestroy`
 * fails then with EINVAL and loses the socket: the peer never learns of it, and the process cannot exit
 * because its clean-up loops (seen with Node 20).
 */
export function resetConnection(socket: net.Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
