import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListenOptions {
  port: number;
  /** Undefined listens on every address, IPv4 and IPv6. */
  host: string | undefined;
  /** The environment variable the port came from, for the message. */
  portName: string;
}

/** Starts listening and answers with the port, which differs from the wanted one only if that was 0. */
export function listen(server: Server, { port, host, portName }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      reject(new Error(explain(cause, { port, host, portName }), { cause }));
    };
    server.once('error', fail);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function explain({ code, message }: NodeJS.ErrnoException, { port, host, portName }: ListenOptions): string {
  const where = `port ${port} of ${host ?? 'all addresses'}`;
  if (code === 'EADDRINUSE') return `Another program uses ${where}. Stop it, or set ${portName}.`;
  if (code === 'EACCES') return `No permission for ${where}. Set ${portName} to 1024 or higher.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST ${String(host)} is not an address of this machine. Set HOST, or leave it out for all addresses.`;
  return `Cannot listen on ${where}: ${message}`;
}
