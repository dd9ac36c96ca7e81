/**
 * Which proxy a connection goes through: the cluster's `proxy-url`, else what HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY say, in Go's reading of them. https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { UsageError } from '../../errors.ts';

export interface Proxy {
  url: URL;
  /** Who named it: `proxy-url of cluster "prod"` or `HTTPS_PROXY`. */
  namedBy: string;
}

/** @throws {UsageError} for an invalid address and for SOCKS, which is not supported */
export function chooseProxy(
  server: URL,
  { proxyUrl, clusterName, env }: { proxyUrl: string; clusterName: string; env: NodeJS.ProcessEnv },
): Proxy | undefined {
  if (proxyUrl !== '') return proxyAt(proxyUrl, `proxy-url of cluster "${clusterName}"`);
  const names = server.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const name = firstSet(env, names);
  if (name === undefined || isPassedBy(server, env)) return undefined;
  const value = env[name] ?? '';
  return proxyAt(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`, name);
}

/** As messages show it: without its password. */
export const shownProxy = ({ url, namedBy }: Proxy): string => `${url.protocol}//${url.host} (${namedBy})`;

function proxyAt(address: string, namedBy: string): Proxy {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol.startsWith('socks'))
    throw new UsageError(`${namedBy}: a SOCKS proxy is not supported; name an http:// or https:// proxy.`);
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.host === '')
    throw new UsageError(`${namedBy}: it must be http://HOST:PORT or https://HOST:PORT.`);
  return { url, namedBy };
}

/** Whether a host bypasses the proxy: loopback always, and what NO_PROXY lists. */
function isPassedBy(server: URL, env: NodeJS.ProcessEnv): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || isLoopback(host)) return true;
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const list = env[firstSet(env, ['NO_PROXY', 'no_proxy']) ?? ''] ?? '';
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host, port));
}

/**
 * `*`, an address, a range of addresses, a name and all below it, `.name`
 * or `*.name` for those below it alone; each with a port or without.
 */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInRange(host, entry);
  const { name, port: wanted } = splitPort(entry);
  if (wanted !== '' && wanted !== port) return false;
  if (isIP(name) !== 0) return sameAddress(name, host);
  const written = name.replace(/^\*(?=\.)/, '');
  const below = domainToASCII(written) || written;
  if (below === '') return false;
  return below.startsWith('.') ? host.endsWith(below) : host === below || host.endsWith(`.${below}`);
}

function splitPort(entry: string): { name: string; port: string } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return { name: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  if (isIP(entry) === 6) return { name: entry, port: '' };
  const [, name = entry, port = ''] = /^(.*):(\d+)$/.exec(entry) ?? [];
  return { name, port };
}

function isInRange(host: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/');
  const [family, hostFamily] = [isIP(network), isIP(host)];
  if (family === 0 || family !== hostFamily || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits), kind);
  return list.check(host, kind);
}

function sameAddress(a: string, b: string): boolean {
  return isIP(a) === isIP(b) && isInRange(b, `${a}/${isIP(a) === 4 ? 32 : 128}`);
}

function isLoopback(host: string): boolean {
  return isInRange(host, '127.0.0.0/8') || isInRange(host, '::1/128');
}

function firstSet(env: NodeJS.ProcessEnv, names: string[]): string | undefined {
  return names.find((name) => (env[name] ?? '') !== '');
}
