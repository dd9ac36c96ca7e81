import { request } from 'node:http';
import { codeOf } from '../../shared/errors.ts';

/** The probe of an address before anything is deployed behind it. */
export interface Reach {
  url: string;
  /** Whether the service can be reached there, now or once pods are ready. */
  isUsable: boolean;
  /** The result in words. */
  seen: string;
}

const withinMs = 3_000;

/** Errors of an unreachable address. A refusal is not one: a Service without pods refuses too. */
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
 * Probes all addresses in parallel, within 3 s. Our service does not run yet, so an answer comes from
 * something else, or from the gateway's Envoy.
 * @param host the host name of the requests
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

/**
 * An address without a port is a node's or a load balancer's: it gets
 * the Service's port at the addresses found.
 */
export function withPortOf(address: string, found: string[]): string {
  const url = new URL(address);
  const [port] = found.map((each) => new URL(each).port).filter((each) => each !== '');
  if (!hasPort(address) && port !== undefined) url.port = port;
  return url.origin;
}

export const hasPort = (address: string): boolean => /:\d+\/?$/.test(address);
