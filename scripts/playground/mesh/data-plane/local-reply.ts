import { STATUS_CODES } from 'node:http';
import type { Headers } from './http1/head.ts';

export interface LocalReply {
  startLine: string;
  headers: Headers;
  body: string;
}

let now = { second: 0, text: '' };

/** The Date header, made once a second. */
export function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== now.second) now = { second, text: new Date(second * 1000).toUTCString() };
  return now.text;
}

/**
 * An answer that the proxy gives itself. Header order and presence as recorded
 * from Envoy 1.40: with a body content-length and content-type come first; an
 * answer given before the request has arrived completely closes the connection.
 */
export function reply(
  status: number,
  body: string | undefined,
  server: string,
  close: boolean,
  extra: Headers = [],
): LocalReply {
  const text = body ?? '';
  const length = ['content-length', String(Buffer.byteLength(text))];
  const noLength = status === 204 || status === 304;
  const startLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
  const headers = [
    ...(text === '' ? [] : [...length, 'content-type', 'text/plain']),
    ...extra,
    'date',
    httpDate(),
    'server',
    server,
    ...(close ? ['connection', 'close'] : []),
    ...(text === '' && !noLength ? length : []),
  ];
  return { startLine, headers, body: text };
}
