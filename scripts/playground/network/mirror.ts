import type net from 'node:net';
import { resetConnection } from './reset-connection.ts';

/**
 * Couples two sockets so that each side sees what the other side's TCP did: data, FIN (half-close) and RST.
 * Both sockets must allow half-open connections.
 */
export function mirror(a: net.Socket, b: net.Socket): void {
  relay(a, b);
  relay(b, a);
}

function relay(from: net.Socket, to: net.Socket): void {
  from.pipe(to);
  from.on('error', () => resetAfterFlush(to));
  from.on('close', () => {
    // Closed without having said FIN: cut short.
    if (!from.readableEnded) resetAfterFlush(to);
  });
}

/**
 * Resets a connection, letting bytes that are already on their way to
 * the peer arrive first, as a switch on the path would.
 */
export function resetAfterFlush(socket: net.Socket): void {
  if (socket.destroyed) return;
  if (socket.writableLength === 0 || !socket.writable) {
    resetConnection(socket);
    return;
  }
  const reset = (): void => resetConnection(socket);
  socket.write('', reset);
  // A peer that does not read must not hold the reset back for ever.
  setTimeout(reset, 1_000).unref();
}
