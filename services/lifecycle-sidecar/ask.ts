import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

export interface AskOptions {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  /** For the whole exchange, body included. */
  timeoutMs: number;
  /** Certificate authorities, PEM, for https. */
  ca?: string;
}

// More than any metrics page that is worth reading, and little enough to keep.
const maxBytes = 8 * 1024 * 1024;

/** One request on a connection of its own. Rejects with the system's error, whose `code` tells refusal from silence. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, timeoutMs, ca }: AskOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { method, headers, signal, agent: false as const, ...(ca === undefined ? {} : { ca }) };
    const receive = (response: IncomingMessage): void => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > maxBytes)
          response.destroy(new Error(`${url} answered more than ${maxBytes} bytes`));
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    };
    const request = url.startsWith('https:')
      ? https.request(url, options, receive)
      : http.request(url, options, receive);
    request.on('error', (error) => {
      reject(signal.aborted ? new Error(`${url} did not answer within ${timeoutMs} ms`) : error);
    });
    request.end();
  });
}

/** Whether a URL is well: a 2xx for http(s)://, a connection for tcp://. Never rejects. */
export async function isWell(url: string, timeoutMs: number): Promise<boolean> {
  if (url.startsWith('tcp:')) return accepts(new URL(url), timeoutMs);
  try {
    const { status } = await ask(url, { timeoutMs });
    return status >= 200 && status < 300;
  } catch {
    return false;
  }
}

function accepts({ hostname, port }: URL, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    const end = (well: boolean): void => {
      socket.destroy();
      resolve(well);
    };
    socket.setTimeout(timeoutMs, () => {
      end(false);
    });
    socket.on('connect', () => {
      end(true);
    });
    socket.on('error', () => {
      end(false);
    });
  });
}

/** Whether an error means that nothing listens there any more. */
export function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}
