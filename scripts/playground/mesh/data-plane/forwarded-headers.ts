import { randomUUID } from 'node:crypto';
import type { FilterChain } from './filter-chain.ts';
import { header, setHeader, type Headers, type RequestHead } from './http1/head.ts';
import type { CompiledRoute } from './route-table.ts';
import type { HeaderToAddJson } from '../xds-types.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'expect']);

/** The head that goes upstream, without its attempt count. */
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
    headers.push(name, request.headers[i + 1] ?? '');
  }
  const action = route.json.route;
  if (action?.host_rewrite_literal !== undefined) setHeader(headers, 'host', action.host_rewrite_literal);
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
  changeHeaders(headers, route.json.request_headers_to_add, route.json.request_headers_to_remove);
  return headers;
}

/** The head that goes back to the caller. `endsWithConnection` bodies are sent in chunks, so that the connection can stay. */
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
    if (name === 'connection' || name === 'keep-alive' || name === 'proxy-connection' || name === 'upgrade')
      continue;
    if (name === 'x-envoy-upstream-service-time') continue;
    headers.push(name, answer[i + 1] ?? '');
  }
  if (endsWithConnection) headers.push('transfer-encoding', 'chunked');
  headers.push('x-envoy-upstream-service-time', String(serviceTimeMs));
  if (chain.direction !== 'inbound') setHeader(headers, 'server', chain.serverName);
  changeHeaders(headers, route.json.response_headers_to_add, route.json.response_headers_to_remove);
  return headers;
}

function changeHeaders(
  headers: Headers,
  add: HeaderToAddJson[] | undefined,
  remove: string[] | undefined,
): void {
  for (const name of remove ?? []) {
    const lower = name.toLowerCase();
    for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === lower) headers.splice(i, 2);
  }
  for (const { header: one, append_action: action } of add ?? []) {
    if (action === undefined) headers.push(one.key.toLowerCase(), one.value);
    else setHeader(headers, one.key.toLowerCase(), one.value);
  }
}
