import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface Gate {
  /** The one host that was given out, with its port. */
  host: string;
  /** The secret first part of every path. */
  path: string;
  /** Stands in the page alone. */
  token: string;
}

export interface Refusal {
  status: number;
  reason: string;
}

/** Where an action is asked for; a page that only shows has none. */
export const actionName = 'act';
export const tokenHeader = 'x-live-token';

/**
 * Who may ask for what. A page elsewhere can make a browser send requests here, by name (DNS rebinding: the Host gives it away) or by
 * address (then it can neither guess the path, nor read the page and with it the token, nor set a header unasked). So an action
 * takes all of it: POST, JSON, our own origin, the token. Nothing is ever read from a query.
 *
 * @returns why not, or the part of the path that is asked for
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
    // A link from elsewhere may open the page; nothing else of it may be loaded from there.
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
