import { request } from 'node:http';
import { codeOf } from '../../shared/errors.ts';

/** What an address says before anything is deployed behind it. */
export interface Reach {
  url: string;
  /** False: nothing will ever be served there. True: it is there, or it may be once pods are. */
  isUsable: boolean;
  /** What was seen, in words. */
  seen: string;
}

const withinMs = 3_000;

/** The way itself is closed. A refusal is not: a Service without pods refuses too. */
const noWay = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPERM',
  'EACCES',
]);

/**
 * Asks every address at once, within 3 s. Nothing of ours serves yet, so whatever answers is something else; at a gateway an Envoy may.
 * @param host the name by which callers ask
 */
export function lookAt(
  urls: string[],
  options: { host: string; mesh: boolean; signal: AbortSignal },
): Promise<Reach[]> {
  return Promise.all(urls.map((url) => lookAtOne(url, options)));
}

function lookAtOne(
  url: string,
  { host, mesh, signal }: { host: string; mesh: boolean; signal: AbortSignal },
): Promise<Reach> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
      withinMs,
    );
    const end = (isUsable: boolean, seen: string): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve({ url, isUsable, seen });
    };
    const asked = request(url, { agent: false, headers: { host }, signal });
    asked
      .once('response', ({ statusCode = 0, headers }) => {
        const isGateway = mesh && /envoy/.test(String(headers.server ?? ''));
        end(isGateway, `something else answered ${statusCode}`);
      })
      .on('error', (error) => {
        const code = codeOf(error) ?? error.message;
        end(!noWay.has(code), code === 'ETIMEDOUT' ? `no answer within ${withinMs / 1000} s` : code);
      })
      .end();
  });
}

/** An address without a port is that of a node or a load balancer: it gets the port that the Service has at those that were found. */
export function withPortOf(address: string, found: string[]): string {
  const url = new URL(address);
  const [port] = found.map((each) => new URL(each).port).filter((each) => each !== '');
  if (!hasPort(address) && port !== undefined) url.port = port;
  return url.origin;
}

export const hasPort = (address: string): boolean => /:\d+\/?$/.test(address);
