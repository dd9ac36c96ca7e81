import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Log } from './log.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * An HTTP server that no request can end: what a handler, or any other
 * listener of the server, throws or rejects with costs that request (500, or a
 * cut connection once the answer has begun) and is logged as "request failed".
 */
export function createGuardedServer(options: ServerOptions, handler: Handler, log: Log): Server {
  const fail = (error: unknown, request?: IncomingMessage, response?: ServerResponse): void => {
    log.error('request failed', { path: request?.url, error });
    if (response === undefined || response.headersSent) response?.destroy();
    else response.writeHead(500, { connection: 'close' }).end();
  };
  const server = createServer(options, (request, response) => {
    try {
      const result = handler(request, response);
      if (result instanceof Promise) result.catch((error: unknown) => fail(error, request, response));
    } catch (error) {
      fail(error, request, response);
    }
  });
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      return emit(event, ...args);
    } catch (error) {
      const [request, response] = event === 'request' ? (args as [IncomingMessage, ServerResponse]) : [];
      fail(error, request, response);
      return true;
    }
  };
  return server;
}
