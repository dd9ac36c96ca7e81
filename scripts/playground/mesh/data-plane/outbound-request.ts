import { header, setHeader, type RequestHead } from './http1/head.ts';

/**
 * Turns a request's target into what its routes are looked up by and the server is sent, as Envoy does for every request: the absolute form (a client that takes
 * the proxy for its HTTP proxy) becomes host and path, and dot segments are resolved (`normalize_path`).
 */
export function normalizeTarget(request: RequestHead): void {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(request.target);
  if (absolute !== null) {
    setHeader(request.headers, 'host', absolute[1] ?? '');
    const path = absolute[2] ?? '';
    request.target = path.startsWith('/') ? path : `/${path}`;
  }
  if (!/\/\.|\\|%2e/i.test(request.target)) return;
  const mark = request.target.indexOf('?');
  const path = mark === -1 ? request.target : request.target.slice(0, mark);
  request.target = new URL(`http://any${path}`).pathname + (mark === -1 ? '' : request.target.slice(mark));
}

/** Where a pod's own call wants to go. */
export function outboundRequest(request: RequestHead): { host: string; port: number } {
  const authority = header(request.headers, 'host') ?? '';
  const colon = authority.lastIndexOf(':');
  const port = colon === -1 ? Number.NaN : Number(authority.slice(colon + 1));
  return Number.isInteger(port) ? { host: authority.slice(0, colon), port } : { host: authority, port: 80 };
}
