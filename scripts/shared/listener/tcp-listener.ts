import net from 'node:net';
import { guardEmitter, warnOfFault } from './guard.ts';

export interface TcpListenerOptions extends net.ServerOpts {
  /** Its name in a warning. */
  name: string;
}

/**
 * A TCP server whose connections cannot end the process: what any
 * handler of a connection throws cuts that connection.
 */
export function createTcpListener(
  { name, ...options }: TcpListenerOptions,
  onConnection: (socket: net.Socket) => void,
): net.Server {
  const server = net.createServer(options, (socket) => {
    guardSocket(socket, name);
    try {
      onConnection(socket);
    } catch (error) {
      warnOfFault(name, error);
      socket.destroy();
    }
  });
  guardEmitter(server, (error) => warnOfFault(name, error));
  return server;
}

/** The same for a connection that was made, not accepted. */
export function guardSocket(socket: net.Socket, name: string): void {
  guardEmitter(socket, (error) => {
    // Ignore `error`: the connection broke, and `close` follows.
    if (error !== socket.errored) warnOfFault(name, error);
    socket.destroy();
  });
}
