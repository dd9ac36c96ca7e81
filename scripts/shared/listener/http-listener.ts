import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { guardEmitter, warnOfFault } from './guard.ts';
import { MalformedRequest } from './request-target.ts';

export interface HttpListenerOptions {
  /** Its name in a warning. */
  name: string;
  /** With it: HTTPS. */
  tls?: { cert: string; key: string };
  /** Takes over connections that ask for another protocol; without it they are ordinary requests. */
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
  /** Handed on to Node's server. */
  server?: http.ServerOptions;
}

/**
 * An HTTP server that no request can end. What its handlers throw, or reject with, costs the request: 400 for
 * a malformed one, 500 otherwise, a cut connection once the answer has begun. The rest of the connections,
 * and the process, go on. CONNECT is answered 400.
 */
export function createHttpListener(
  onRequest: (request: IncomingMessage, response: ServerResponse) => unknown,
  { name, tls, onUpgrade, server: options = {} }: HttpListenerOptions,
): http.Server {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const fail = (error: unknown): void => failRequest(name, error, request, response);
    guardEmitter(request, fail);
    guardEmitter(response, fail);
    run(() => onRequest(request, response), fail);
  };
  const server =
    tls === undefined
      ? http.createServer(options, answer)
      : https.createServer({ ...options, ...tls }, answer);
  guardEmitter(server, (error) => warnOfFault(name, error));
  const guardSocket = (socket: Socket): void => {
    guardEmitter(socket, (error) => {
      if (!isGone(error)) warnOfFault(name, error);
      socket.destroy();
    });
  };
  server.on('connection', guardSocket);
  if (tls !== undefined) server.on('secureConnection', guardSocket);
  const refuseTunnel = (_request: IncomingMessage, socket: Duplex): void => {
    socket.on('error', () => socket.destroy());
    refuse(socket, 400, 'This server opens no tunnels.');
  };
  server.on('connect', refuseTunnel);
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // A client that disconnects early is not the server's fault.
      socket.on('error', () => socket.destroy());
      run(
        () => onUpgrade(request, socket, head),
        (error) => {
          const isMalformed = error instanceof MalformedRequest;
          if (!isMalformed) warnOfFault(name, error);
          refuse(socket, isMalformed ? 400 : 500, isMalformed ? error.message : 'Internal error.');
        },
      );
    });
  }
  return server;
}

/** Runs a handler; a throw and a rejection are treated alike. */
function run(handler: () => unknown, fail: (error: unknown) => void): void {
  try {
    const result = handler();
    if (result instanceof Promise) result.catch(fail);
  } catch (error) {
    fail(error);
  }
}

function failRequest(name: string, error: unknown, request: IncomingMessage, response: ServerResponse): void {
  const isMalformed = error instanceof MalformedRequest;
  if (!isMalformed && !isGone(error)) warnOfFault(name, error);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // Drain a body that is not read, so that it does not hold the connection.
  request.resume();
  response.writeHead(isMalformed ? 400 : 500, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${isMalformed ? error.message : 'Internal error.'}\n`);
}

/** The connection broke: not the handler's fault. */
const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(String(Reflect.get(error, 'code')));

function refuse(socket: Duplex, status: 400 | 500, text: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${status} ${String(http.STATUS_CODES[status])}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text) + 1}\r\nconnection: close\r\n\r\n${text}\n`,
  );
}
