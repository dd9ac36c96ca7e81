import http from 'node:http';
import { createHttpListener } from '../../../../shared/listener/index.ts';
import { askAdmin } from './admin-client.ts';
import type { PodAddresses } from './addresses.ts';

/** Headers of Envoy's own connection: the forwarded answer gets its own. */
const TRANSPORT_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding', 'date']);

/**
 * The pod's admin port: what Envoy itself answers, with pods'
 * addresses where Envoy knows sockets of this machine.
 * @param listeners how the sockets that this proxy listens on are
 * called in a pod; asked only for `/listeners`.
 */
export function createAdminForwarder(
  adminSocket: string,
  addresses: PodAddresses,
  listeners: PodAddresses,
): http.Server {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const forward = (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { url = '/', method = 'GET' } = request;
    request.resume();
    return askAdmin(adminSocket, url, { method, agent }).then(
      ({ status, headers, body }) => {
        for (const [name, value] of Object.entries(headers)) {
          if (value !== undefined && !TRANSPORT_HEADERS.has(name)) response.setHeader(name, value);
        }
        response.setHeader('transfer-encoding', 'chunked');
        response.writeHead(status);
        response.end(addresses.inText(body, url.startsWith('/listeners') ? listeners : undefined));
      },
      // Envoy has ended or closed the connection: close the caller's too.
      () => void response.destroy(),
    );
  };
  const server = createHttpListener(forward, { name: 'the admin port' });
  server.on('close', () => agent.destroy());
  return server;
}
