import { randomUUID } from 'node:crypto';
import type { FilterChain } from './filter-chain.ts';
import { hasToken, header, setHeader, type Headers, type RequestHead } from './http1/head.ts';
import { httpDate } from './local-reply.ts';
import type { CompiledRoute } from './route-table.ts';
import type { HeaderToAddJson } from '../xds-types.ts';

/** Meant for one connection only. `transfer-encoding` is said anew, after everything else. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'expect',
  'transfer-encoding',
]);

/** By these a proxy is told how to treat a request; a caller from outside the mesh may not. */
const FOR_PROXIES_ONLY = new Set([
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
]);

/** The head that goes upstream, as the first attempt. */
export function upstreamHeaders(
  request: RequestHead,
  chain: FilterChain,
  remoteAddress: string,
  route: CompiledRoute,
): Headers {
  const headers: Headers = [];
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] ?? '';
    if (HOP_BY_HOP.has(name)) continue;
    if (chain.direction === 'inbound' && name === 'x-envoy-decorator-operation') continue;
    if (chain.direction === 'gateway' && FOR_PROXIES_ONLY.has(name)) continue;
    headers.push(name, request.headers[i + 1] ?? '');
  }
  if (chain.direction === 'gateway') {
    const address = remoteAddress.replace(/^::ffff:/, '');
    const before = header(headers, 'x-forwarded-for');
    setHeader(headers, 'x-forwarded-for', before === undefined ? address : `${before},${address}`);
    setHeader(headers, 'x-forwarded-proto', 'http');
    setHeader(headers, 'x-envoy-external-address', address);
    // A caller from outside does not choose the id under which the mesh knows its request.
    setHeader(headers, 'x-request-id', randomUUID());
  } else {
    if (header(headers, 'x-forwarded-proto') === undefined) headers.push('x-forwarded-proto', 'http');
    if (header(headers, 'x-request-id') === undefined) headers.push('x-request-id', randomUUID());
  }
  if (chain.direction !== 'inbound' && route.json.decorator !== undefined) {
    setHeader(headers, 'x-envoy-decorator-operation', route.json.decorator.operation);
  }
  if (chain.direction !== 'inbound') setHeader(headers, 'x-envoy-attempt-count', '1');
  const { changes, json } = route;
  changeHeaders(headers, changes?.request_headers_to_add, changes?.request_headers_to_remove);
  changeHeaders(headers, json.request_headers_to_add, json.request_headers_to_remove);
  const {
    host_rewrite_literal: newHost,
    prefix_rewrite: newPath,
    regex_rewrite: newParts,
  } = json.route ?? {};
  if (newHost !== undefined) {
    headers.push('x-envoy-original-host', header(headers, 'host') ?? '');
    setHeader(headers, 'host', newHost);
  }
  if (newPath !== undefined || newParts !== undefined) headers.push('x-envoy-original-path', request.target);
  if (isWebSocket(request)) headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
  const encoding = header(request.headers, 'transfer-encoding');
  if (encoding !== undefined) headers.push('transfer-encoding', encoding);
  return headers;
}

/**
 * Whether a request asks to leave HTTP for a WebSocket, the one
 * protocol that Istio's listeners let through so.
 */
export function isWebSocket({ headers }: RequestHead): boolean {
  return (
    hasToken(headers, 'connection', 'upgrade') && header(headers, 'upgrade')?.toLowerCase() === 'websocket'
  );
}

/**
 * The head that goes back to the caller. `endsWithConnection` bodies
 * are sent in chunks, so that the connection can stay.
 */
export function downstreamHeaders(
  answer: Headers,
  chain: FilterChain,
  serviceTimeMs: number,
  route: CompiledRoute,
  endsWithConnection: boolean,
): Headers {
  const headers: Headers = [];
  for (let i = 0; i < answer.length; i += 2) {
    const name = answer[i] ?? '';
    // What an app says about its own connection is meant for this proxy, not for its callers.
    if (HOP_BY_HOP.has(name) || name === 'x-envoy-upstream-service-time') continue;
    headers.push(name, answer[i + 1] ?? '');
  }
  headers.push('x-envoy-upstream-service-time', String(serviceTimeMs));
  changeHeaders(headers, route.changes?.response_headers_to_add, route.changes?.response_headers_to_remove);
  changeHeaders(headers, route.json.response_headers_to_add, route.json.response_headers_to_remove);
  if (header(headers, 'date') === undefined) headers.push('date', httpDate());
  if (chain.direction !== 'inbound') setHeader(headers, 'server', chain.serverName);
  const encoding = endsWithConnection ? 'chunked' : header(answer, 'transfer-encoding');
  if (encoding !== undefined) headers.push('transfer-encoding', encoding);
  return headers;
}

/** The head of an answer that leaves HTTP. */
export function upgradeHeaders(answer: Headers, chain: FilterChain, route: CompiledRoute): Headers {
  const headers = [...answer];
  changeHeaders(headers, route.json.response_headers_to_add, route.json.response_headers_to_remove);
  if (header(headers, 'date') === undefined) headers.push('date', httpDate());
  if (chain.direction !== 'inbound') setHeader(headers, 'server', chain.serverName);
  return headers;
}

/** As Envoy: first what goes, then what is set (it moves to the end), then what is added. */
function changeHeaders(headers: Headers, add: HeaderToAddJson[] = [], remove: string[] = []): void {
  const drop = (name: string): void => {
    for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === name) headers.splice(i, 2);
  };
  for (const name of remove) drop(name.toLowerCase());
  for (const { header: one, append_action: action } of add) {
    if (action === undefined) continue;
    drop(one.key.toLowerCase());
    headers.push(one.key.toLowerCase(), one.value);
  }
  for (const { header: one, append_action: action } of add) {
    if (action === undefined) headers.push(one.key.toLowerCase(), one.value);
  }
}
