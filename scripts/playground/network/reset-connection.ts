import type net from 'node:net';

/**
 * Resets a connection; one whose FIN is just on its way is reset right after it. Node's own `resetAndDestroy`
 * fails there with EINVAL and forgets the socket: its peer hears nothing ever, and the process cannot exit,
 * spinning in its clean-up (seen with Node 20).
 */
export function resetConnection(socket: net.Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
