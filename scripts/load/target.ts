import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { UsageError } from '../shared/errors.ts';
import { secureContextOf, type TlsAddress, type TlsMaterial } from './tls-check.ts';

/** Where the requests go, prepared once: how to open a socket, and the bytes of a request. */
export interface Target {
  open: () => { socket: Socket; connectedEvent: 'connect' | 'secureConnect' };
  request: Buffer;
  noBody: boolean;
  url: URL;
  /** The TLS options; also for an http: URL, to find out whether it should have been https:. */
  tls: TlsAddress;
}

export interface RequestOptions {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
  tls?: TlsMaterial | undefined;
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
// The load writes these headers itself, since framing and connection handling are what it measures.
const ownHeaders = new Set(['connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade']);

export function prepareTarget(options: RequestOptions): Target {
  const url = parseUrl(options.url);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (secure ? 443 : 80));
  const address = { host, port, noDelay: true, lookup: rememberingLookup() };
  const tls = { ...address, servername: serverName(host), secureContext: secureContextOf(options.tls ?? {}) };
  return {
    open: secure
      ? () => ({ socket: connectTls(tls), connectedEvent: 'secureConnect' })
      : () => ({ socket: connectTcp(address), connectedEvent: 'connect' }),
    request: requestBytes(url, options),
    noBody: options.method === 'HEAD',
    url,
    tls: { shown: `${url.hostname}:${port}`, options: tls },
  };
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text))
    throw new UsageError(`"${text}" is not a URL. Example: http://127.0.0.1:8080/orders`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`A load needs an http: or https: URL, got "${text}".`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      'User and password do not belong into the URL. Use a header: --header "Authorization: ..."',
    );
  }
  return url;
}

function requestBytes(url: URL, { method, headers, body }: RequestOptions): Buffer {
  if (!token.test(method)) throw new UsageError(`"${method}" is not an HTTP method.`);
  const content = body === undefined ? undefined : Buffer.from(body);
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`];
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  if (!names.has('host')) lines.push(`host: ${url.host}`);
  if (!names.has('user-agent')) lines.push('user-agent: zero-downtime-coffee-shop-load');
  if (content && !names.has('content-type')) lines.push('content-type: application/json');
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name) || /[\r\n\0]/.test(value))
      throw new UsageError(`"${name}: ${value}" is not an HTTP header.`);
    if (ownHeaders.has(name.toLowerCase()))
      throw new UsageError(`The header ${name} is set by the load itself.`);
    lines.push(`${name}: ${value}`);
  }
  // A POST without a body should say Content-Length: 0. https://www.rfc-editor.org/rfc/rfc9110#section-8.6
  if (content || ['POST', 'PUT', 'PATCH'].includes(method))
    lines.push(`content-length: ${content?.length ?? 0}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content ?? Buffer.alloc(0)]);
}

const serverName = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host);

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  addresses: LookupAddress[] | string,
  family?: number,
) => void;

/** Resolves a name once, so that 500 new connections per second are no load on the resolver. */
function rememberingLookup() {
  let known: LookupAddress[] | undefined;
  let waiting: ((error: NodeJS.ErrnoException | null) => void)[] | undefined;
  return (host: string, options: { all?: boolean | undefined }, callback: LookupCallback): void => {
    const answer = (error: NodeJS.ErrnoException | null): void => {
      const first = known?.[0];
      if (error || !known || !first) callback(error ?? new Error(`${host} has no address`), []);
      else if (options.all) callback(null, known);
      else callback(null, first.address, first.family);
    };
    if (known) {
      queueMicrotask(() => answer(null));
      return;
    }
    if (waiting) {
      waiting.push(answer);
      return;
    }
    waiting = [answer];
    const all: LookupAllOptions = { all: true };
    lookup(host, all, (error, addresses) => {
      if (!error) known = addresses;
      const asked = waiting ?? [];
      waiting = undefined;
      for (const each of asked) each(error);
    });
  };
}
