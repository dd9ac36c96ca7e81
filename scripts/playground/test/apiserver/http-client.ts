import https from 'node:https';
import type { ApiServer } from '../../apiserver/index.ts';

export interface Answered {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown> & { message?: string; reason?: string; metadata?: Record<string, unknown> };
  text: string;
}

export interface Ask {
  body?: unknown;
  contentType?: string;
  accept?: string;
  token?: string;
  headers?: Record<string, string>;
}

/** Speaks to the API server without any client library in between. */
export function ask(
  server: ApiServer,
  method: string,
  path: string,
  { body, contentType, accept, token = server.token, headers: more = {} }: Ask = {},
): Promise<Answered> {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(accept === undefined ? {} : { accept }),
    ...(payload === undefined
      ? {}
      : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(payload) }),
    'user-agent': 'tester/1.0',
    ...more,
  };
  return new Promise((resolve, reject) => {
    const request = https.request(server.url + path, { method, headers, ca: server.caPem }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson =
          response.headers['content-type']?.startsWith('application/json') === true && !text.includes('\n{');
        resolve({
          code: response.statusCode ?? 0,
          headers: response.headers,
          body: (isJson && text !== '' ? JSON.parse(text) : {}) as Answered['body'],
          text,
        });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(payload);
  });
}

export interface WatchLine {
  type: string;
  object: {
    kind: string;
    message?: string;
    code?: number;
    metadata: { name?: string; resourceVersion?: string; annotations?: Record<string, string> };
  };
}

/** The events of a watch that the server ends (timeoutSeconds). */
export async function watchToEnd(server: ApiServer, path: string): Promise<WatchLine[]> {
  const { text } = await ask(server, 'GET', path);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as WatchLine);
}
