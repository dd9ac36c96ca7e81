/** Sockets to an API server, through a proxy if there is one: for requests and for port-forwards. */
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { codeOf, messageOf } from '../../errors.ts';
import { WayError } from '../errors.ts';
import { shownProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import type { Route, TlsMaterial } from './route.ts';

/**
 * The proxy refused or failed; nothing reached the API server. Its code: a network code, or `ProxyRefused`.
 */
export class ProxyError extends WayError {
  constructor(proxy: Proxy, why: string, options: { code: string; cause?: unknown }) {
    super(`The proxy ${shownProxy(proxy)} ${why}`, options);
  }
}

export interface Dialling {
  tls: TlsMaterial;
  timeoutMs: number;
  /**
   * Whether to tunnel through a proxy (CONNECT); else a plain HTTP request is addressed to the proxy itself.
   */
  tunnel: boolean;
}

/**
 * TCP keep-alive interval, as in client-go, so that idle connections
 * are not dropped on the way, in milliseconds.
 */
const KEEP_ALIVE_MS = 30_000;

/**
 * Opens a connection to the server.
 * @throws {ProxyError}, or the error of the network or of TLS; one
 * with the code ETIMEDOUT when it takes too long
 */
export async function dial(
  { server, proxy }: Route,
  { tls: material, timeoutMs, tunnel }: Dialling,
): Promise<net.Socket> {
  const isSecure = server.protocol === 'https:';
  const end = endOf(server);
  const patience = new Patience(timeoutMs);
  try {
    let socket: net.Socket;
    if (proxy === undefined) {
      socket = await patience.connected(net.connect(end), 'connect');
    } else {
      socket = await toProxy(proxy, material, patience);
      if (isSecure || tunnel) await askToPassOn(proxy, end, socket, patience);
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return isSecure ? await secured(socket, material.serverName, material, patience) : socket;
  } finally {
    patience.end();
  }
}

async function toProxy(proxy: Proxy, material: TlsMaterial, patience: Patience): Promise<net.Socket> {
  const end = endOf(proxy.url);
  try {
    const socket = await patience.connected(net.connect(end), 'connect');
    // An HTTPS proxy is verified with the same authorities, by its own name.
    return proxy.url.protocol === 'http:' ? socket : await secured(socket, end.host, material, patience);
  } catch (error) {
    throw new ProxyError(proxy, `does not answer: ${messageOf(error)}`, {
      code: codeOf(error) ?? 'Unknown',
      cause: error,
    });
  }
}

function secured(
  socket: net.Socket,
  name: string,
  { secureContext, insecure }: TlsMaterial,
  patience: Patience,
): Promise<net.Socket> {
  const secure = tls.connect({
    socket,
    secureContext,
    ...(insecure ? { rejectUnauthorized: false } : {}),
    // No SNI for an IP address (RFC 6066), but the certificate must still name it.
    servername: net.isIP(name) === 0 ? name : '',
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
    ALPNProtocols: ['http/1.1'],
  });
  return patience.connected(secure, 'secureConnect');
}

/** https://httpwg.org/specs/rfc9110.html#CONNECT */
function askToPassOn(
  proxy: Proxy,
  { host, port }: { host: string; port: number },
  socket: net.Socket,
  patience: Patience,
): Promise<void> {
  const authority = `${net.isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  patience.watch(socket);
  return new Promise((resolve, reject) => {
    const fail = (why: string, code: string, cause?: unknown) => {
      socket.destroy();
      reject(new ProxyError(proxy, why, { code, cause }));
    };
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      createConnection: () => socket,
    });
    request.on('connect', ({ statusCode = 0, statusMessage = '' }, _same, head) => {
      if (statusCode < 200 || statusCode > 299) {
        fail(
          `does not let us through to ${authority}: ${statusCode} ${statusMessage}`.trimEnd(),
          'ProxyRefused',
        );
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    request.on('error', (error) =>
      fail(`does not answer: ${messageOf(error)}`, codeOf(error) ?? 'Unknown', error),
    );
    request.end();
  });
}

/** The Proxy-Authorization header, for CONNECT and for requests to the proxy. */
export function proxyAuthorization({ url }: Proxy): Record<string, string> {
  if (url.username === '') return {};
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login, 'utf8').toString('base64')}` };
}

function endOf(url: URL): { host: string; port: number } {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** One deadline for all the sockets of one connection. */
class Patience {
  readonly #sockets: net.Socket[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => {
      const error = Object.assign(new Error(`no connection in ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
      for (const socket of this.#sockets.reverse()) socket.destroy(error);
    }, timeoutMs);
  }

  watch(socket: net.Socket): void {
    this.#sockets.push(socket);
  }

  connected<T extends net.Socket>(socket: T, event: 'connect' | 'secureConnect'): Promise<T> {
    this.watch(socket);
    return new Promise((resolve, reject) => {
      const closed = () => reject(new Error('the connection was closed'));
      socket.once('error', reject);
      socket.once('close', closed);
      socket.once(event, () => {
        socket.off('error', reject);
        socket.off('close', closed);
        resolve(socket);
      });
    });
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
