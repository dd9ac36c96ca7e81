import { header, setHeader, type RequestHead } from './http1/head.ts';

/**
 * Where a pod's own call wants to go. A client that uses the sidecar as its HTTP proxy writes the whole URL in the request line
 * (absolute form); that is turned into what the server expects.
 */
export function outboundRequest(request: RequestHead): { host: string; port: number } {
  const absolute = /^http:\/\/([^/?#]+)(.*)$/i.exec(request.target);
  if (absolute !== null) {
    setHeader(request.headers, 'host', absolute[1] ?? '');
    const path = absolute[2] ?? '';
    request.target = path.startsWith('/') ? path : `/${path}`;
  }
  const authority = header(request.headers, 'host') ?? '';
  const colon = authority.lastIndexOf(':');
  const port = colon === -1 ? Number.NaN : Number(authority.slice(colon + 1));
  return Number.isInteger(port) ? { host: authority.slice(0, colon), port } : { host: authority, port: 80 };
}
