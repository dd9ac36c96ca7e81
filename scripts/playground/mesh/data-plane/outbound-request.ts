import { hasToken, header, ProtocolError, setHeader, type RequestHead } from './http1/head.ts';

/**
 * Turns a request's target into what its routes are looked up by and the server is sent, as Envoy does for
 * every request: the absolute form (a client that takes the proxy for its HTTP proxy) becomes host and path,
 * and dot segments are resolved (`normalize_path`).
 */
export function normalizeTarget(request: RequestHead): void {
  if (request.method === 'CONNECT') {
    // No route of Istio's takes one.
    const status = isAuthority(request.target) ? 404 : 400;
    throw new ProtocolError('CONNECT', status, '');
  }
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(request.target);
  if (absolute !== null) {
    const [, scheme = '', authority = '', path = ''] = absolute;
    if (!/^https?$/i.test(scheme) || !isAuthority(authority.replace(/^[^@]*@/, '')))
      throw new ProtocolError('malformed absolute target');
    setHeader(request.headers, 'host', authority);
    request.target = path.startsWith('/') ? path : `/${path}`;
  }
  if (!/\/\.|\\|%2e/i.test(request.target)) return;
  if (!request.target.startsWith('/')) throw new ProtocolError('a path that cannot be normalized');
  const mark = request.target.indexOf('?');
  const path = mark === -1 ? request.target : request.target.slice(0, mark);
  request.target = new URL(`http://any${path}`).pathname + (mark === -1 ? '' : request.target.slice(mark));
}

/**
 * What an Envoy turns away before it looks for a route: a target that it cannot read, an upgrade that its
 * listener does not offer, an expectation that it does not know.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades
 */
export function verifyAcceptable({ method, target, headers }: RequestHead): void {
  if ((target === '*' && method !== 'OPTIONS') || /^[^?]*%00/.test(target))
    throw new ProtocolError('malformed target');
  const expectation = header(headers, 'expect');
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue')
    throw new ProtocolError('unknown expectation', 417, '');
  const upgrade = header(headers, 'upgrade')?.toLowerCase();
  if (upgrade === undefined || upgrade === 'websocket' || upgrade.startsWith('h2c')) return;
  if (hasToken(headers, 'connection', 'upgrade')) throw new ProtocolError('an upgrade not offered', 403, '');
}

/** `host`, `host:port` or `[address]:port`, the port one that there is. */
function isAuthority(text: string): boolean {
  const found = /^(\[[0-9a-f:.]+\]|[^\s:[\]@%/]+)(?::(\d{1,5}))?$/i.exec(text);
  return found !== null && isPort(found[2] ?? '80');
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;

/** Where a pod's own call wants to go. */
export function outboundRequest(request: RequestHead): { host: string; port: number } {
  const authority = header(request.headers, 'host') ?? '';
  const colon = authority.lastIndexOf(':');
  const port = authority.slice(colon + 1);
  return colon !== -1 && isPort(port)
    ? { host: authority.slice(0, colon), port: Number(port) }
    : { host: authority, port: 80 };
}
