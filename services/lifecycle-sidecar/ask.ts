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
  /** What is read of an answer at most, in bytes. Default: 64 KB. */
  limitBytes?: number;
  /** A longer answer is as good as its beginning, instead of an error. */
  mayCut?: boolean;
}

const shortBytes = 64 * 1024;
/** Limit of a response body: above any metrics page or EndpointSlice list, below the memory limit. */
export const longBytes = 8 * 1024 * 1024;

/** One request on its own connection. Rejects with the system error, or after `timeoutMs`. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, timeoutMs, ca, limitBytes = shortBytes, mayCut = false }: AskOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { method, headers, signal, agent: false as const, ...(ca === undefined ? {} : { ca }) };
    const receive = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const end = (): void => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      };
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= limitBytes) {
          chunks.push(chunk);
          return;
        }
        if (mayCut) end();
        response.destroy(
          mayCut
            ? undefined
            : new Error(`${url} answered more than ${limitBytes / 1024} KB; the rest was not read`),
        );
      });
      response.on('end', end);
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

/**
 * Probe: 2xx for http(s)://, a connection for tcp://. Never rejects. Like the kubelet's it does not
 * read a long body to its end.
 */
export async function isWell(url: string, timeoutMs: number): Promise<boolean> {
  if (url.startsWith('tcp:')) return accepts(new URL(url), timeoutMs);
  try {
    const { status } = await ask(url, { timeoutMs, mayCut: true });
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
