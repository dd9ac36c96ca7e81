import { once } from 'node:events';
import type net from 'node:net';
import { createTcpListener } from '../../shared/listener/index.ts';

/**
 * Listens on host:port and resolves with the port; rejects with the
 * system's error (EADDRINUSE, EADDRNOTAVAIL, EACCES).
 */
export async function listen(server: net.Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

/**
 * Whether a listener could be opened on host:port right now. Also false when a wildcard listener covers it.
 */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createTcpListener({ name: 'a port looked at' }, (socket) => void socket.destroy());
  try {
    await listen(server, host, port);
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * Takes host:port as a sign to other playgrounds on this machine;
 * undefined when it is taken. Does not keep the process alive.
 */
export async function takeMarker(host: string, port: number): Promise<net.Server | undefined> {
  const server = createTcpListener({ name: 'a marker' }, (socket) => void socket.destroy());
  try {
    await listen(server, host, port);
  } catch {
    return undefined;
  }
  return server.unref();
}
