import https from 'node:https';
import type { ApiServer } from '../../../apiserver/index.ts';

export interface Reply {
  /** Undefined: the connection ended without an answer. */
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Outgoing {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  /** Cuts answers that never end. */
  giveUpAfterMs?: number;
}

/** A stream that goes on for ever is read this long. */
const STREAM_MS = 200;

/** Sends one request as it is written; an answer that changes protocol counts by its status. */
export function send(
  server: ApiServer,
  { method, path, headers, body, giveUpAfterMs = 20_000 }: Outgoing,
): Promise<Reply> {
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = https.request(server.url + path, {
      method,
      headers: { 'user-agent': 'fixture-recorder', ...headers, ...length },
      ca: server.caPem,
      agent: false,
    });
    const chunks: Buffer[] = [];
    let finish = (reply: Reply): void => {
      finish = () => undefined;
      clearTimeout(late);
      request.destroy();
      resolve(reply);
    };
    const late = setTimeout(
      () => finish({ status: undefined, headers: {}, text: 'no answer in time' }),
      giveUpAfterMs,
    );
    request.on('upgrade', ({ statusCode, headers: got }, socket) => {
      socket.destroy();
      finish({ status: statusCode, headers: got, text: '' });
    });
    request.on('response', (response) => {
      const end = (): void =>
        finish({
          status: response.statusCode,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        });
      clearTimeout(late);
      const enough = setTimeout(end, STREAM_MS);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('close', () => {
        clearTimeout(enough);
        end();
      });
    });
    request.on('error', () => finish({ status: undefined, headers: {}, text: '' }));
    request.end(body);
  });
}
