import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The header that carries the token: the kubelet sends it when it stands in the hook's `httpHeaders`. */
export const tokenHeader = 'x-pre-stop-token';

export interface EffectAsked {
  headers: IncomingHttpHeaders;
  /** The other end of the connection; undefined once it is gone. */
  peer: string | undefined;
}

/**
 * Why a request that has an effect is not carried out, undefined when it is. With a token: who sends it may.
 * Without one: a program on the same machine, or in the same pod. A page in a browser never may, however it
 * names this server (an image, a form, DNS rebinding).
 */
export function refusalOf({ headers, peer }: EffectAsked, token: string): string | undefined {
  const { host = '', origin, referer } = headers;
  const site = headers['sec-fetch-site'];
  // https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
  // ("none": typed by a person)
  const isOwnPage = site === undefined || site === 'same-origin' || site === 'none';
  // Browsers that send no Sec-Fetch-Site name the page of an image or a link here.
  const page = origin ?? (referer === undefined ? undefined : originOf(referer));
  if (!isOwnPage || (page !== undefined && !isOriginOf(page, host))) return 'Not for a page of another site.';
  if (token !== '')
    return isSame(headers[tokenHeader], token) ? undefined : `The ${tokenHeader} header is missing or wrong.`;
  if (isLoopback(peer) && isLoopbackHost(host) && !isForwarded(headers)) return undefined;
  return `Without PRE_STOP_TOKEN only this machine itself may ask. Set it, and send it as ${tokenHeader}.`;
}

const originOf = (address: string): string => (URL.canParse(address) ? new URL(address).origin : 'null');

function isOriginOf(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Takes as long for a wrong token as for the right one. */
function isSame(given: string | string[] | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Source address of inbound passthrough traffic behind Istio's sidecar: not loopback traffic.
 * `InboundPassthroughBindIpv4` in istio/istio, pilot/pkg/networking/util.
 */
const ofIstio = '127.0.0.6';

function isLoopback(address = ''): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || (/^127\.\d+\.\d+\.\d+$/.test(plain) && plain !== ofIstio);
}

/** Another name means that somebody's DNS leads here. */
function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === '' || name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

function isForwarded(headers: IncomingHttpHeaders): boolean {
  return ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-envoy-peer-metadata'].some(
    (name) => headers[name] !== undefined,
  );
}
