import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface Gate {
  /** The only accepted Host, with its port. */
  host: string;
  /** The secret first part of every path. */
  path: string;
  /** Only the page contains it. */
  token: string;
}

export interface Refusal {
  status: number;
  reason: string;
}

/** The path for actions; a read-only page has none. */
export const actionName = 'act';
export const tokenHeader = 'x-live-token';

/**
 * Access control. A foreign page can make a browser send requests here, by name (DNS
 * rebinding: detected by the Host header) or by address (then it can neither guess the
 * path, nor read the page and its token, nor set a header without a preflight). So an
 * action needs all of these: POST, JSON, our own origin, the token. Queries are ignored.
 *
 * @returns the reason for a refusal, or the requested part of the path
 */
export function admit(
  { method = '', url = '', headers }: Asked,
  { host, path, token }: Gate,
  { mayAct }: { mayAct: boolean },
): Refusal | { name: string } {
  if (headers.host !== host) return { status: 421, reason: 'This server has one name only.' };
  const [, first, name, ...more] = url.split('/');
  if (first !== path || name === undefined || more.length > 0)
    return { status: 404, reason: 'Nothing here.' };
  const site = headers['sec-fetch-site'];
  if (name !== actionName) {
    if (method !== 'GET') return { status: 405, reason: 'GET only.' };
    // A foreign page may link to the page, and load nothing else of it.
    if (name !== '' && site !== undefined && site !== 'same-origin')
      return { status: 403, reason: 'Not from there.' };
    return { name };
  }
  if (!mayAct) return { status: 404, reason: 'This page only shows.' };
  if (method !== 'POST') return { status: 405, reason: 'POST only.' };
  if (headers.origin !== `http://${host}` || (site !== undefined && site !== 'same-origin')) {
    return { status: 403, reason: 'Actions come from the page itself.' };
  }
  if (headers['content-type'] !== 'application/json') return { status: 415, reason: 'JSON only.' };
  if (!isSame(headers[tokenHeader], token))
    return { status: 403, reason: 'Wrong token. Load the page again.' };
  return { name };
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  if (typeof given !== 'string') return false;
  // Compared as bytes: a letter outside ASCII has more of them than the string has characters.
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  return left.length === right.length && timingSafeEqual(left, right);
}
