import { STATUS_CODES } from 'node:http';

/**
 * HTTP/1.1 message heads. Header names are kept in lower case, as Envoy writes them on; a head is a flat list
 * `[name, value, name, value, ...]`, in order, because that is the cheapest form to read, change and write.
 */
export type Headers = string[];

export interface RequestHead {
  method: string;
  target: string;
  minorVersion: number;
  headers: Headers;
}

export interface ResponseHead {
  status: number;
  reason: string;
  minorVersion: number;
  headers: Headers;
}

/** The other side does not speak HTTP as agreed. `status` and `body` are what a server answers to it. */
export class ProtocolError extends Error {
  readonly status: number;
  readonly body: string;

  constructor(message: string, status = 400, body = STATUS_CODES[status] ?? '') {
    super(message);
    this.name = 'ProtocolError';
    this.status = status;
    this.body = body;
  }
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\S+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/;

export function parseRequestHead(text: string): RequestHead {
  const lineEnd = endOfLine(text);
  const line = REQUEST_LINE.exec(text.slice(0, lineEnd));
  if (line === null) throw new ProtocolError('malformed request line');
  return {
    method: line[1] ?? '',
    target: line[2] ?? '',
    minorVersion: Number(line[3]),
    headers: parseHeaders(text, lineEnd + 2),
  };
}

export function parseResponseHead(text: string): ResponseHead {
  const lineEnd = endOfLine(text);
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (line === null) throw new ProtocolError('malformed status line', 502);
  return {
    minorVersion: Number(line[1]),
    status: Number(line[2]),
    reason: line[3] ?? '',
    headers: parseHeaders(text, lineEnd + 2),
  };
}

function endOfLine(text: string): number {
  const at = text.indexOf('\r\n');
  return at === -1 ? text.length : at;
}

function parseHeaders(text: string, from: number): Headers {
  const headers: Headers = [];
  let start = from;
  while (start < text.length) {
    let end = text.indexOf('\r\n', start);
    if (end === -1) end = text.length;
    const colon = text.indexOf(':', start);
    if (colon <= start || colon > end) throw new ProtocolError('malformed header');
    headers.push(text.slice(start, colon).toLowerCase(), text.slice(colon + 1, end).trim());
    start = end + 2;
  }
  return headers;
}

/** The first value of a header. */
export function header(headers: Headers, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** Replaces a header where it stands, or adds it at the end. */
export function setHeader(headers: Headers, name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      headers[i + 1] = value;
      return;
    }
  }
  headers.push(name, value);
}

export function writeHead(startLine: string, headers: Headers): string {
  let text = `${startLine}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

/** Whether a list header (`connection`, `transfer-encoding`) holds the token. */
export function hasToken(headers: Headers, name: string, token: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    const value = (headers[i + 1] ?? '').toLowerCase();
    if (value === token || value.split(',').some((part) => part.trim() === token)) return true;
  }
  return false;
}
