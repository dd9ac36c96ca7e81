import type { RouteJson } from '../../../mesh/xds-types.ts';
import { DEFAULT_RETRY_POLICY } from '../../../mesh/istiod/retry-policy.ts';
import { closedPort, echo, startApp, startRude, type TestServer } from '../../mesh/support/apps.ts';
import { post } from '../../mesh/support/raw-client.ts';
import type { Address } from '../../mesh/support/proxies.ts';
import { APP_CLUSTER } from './gateway-bench.ts';

/** One request, under one configuration, that both kinds of proxy must answer alike. */
export interface Case {
  name: string;
  /** The app behind the route; none: nobody listens there. */
  app?: () => Promise<TestServer>;
  /** `sidecar`: the app has one. `none`: the Service has no endpoints. */
  pod?: 'sidecar' | 'bare' | 'none';
  routes?: RouteJson[];
  /** Bytes as sent. */
  request?: string;
  /** No request came of it, so none is logged. */
  unlogged?: true;
}

const serve = (act: Parameters<typeof startApp>[0]) => () => startApp(act);
const rude = (act: Parameters<typeof startRude>[0]) => () => startRude(act);
const plain = { cluster: APP_CLUSTER, timeout: '0s' };
const withRetries = { ...plain, retry_policy: DEFAULT_RETRY_POLICY };
const only = (route: Partial<RouteJson>): RouteJson[] => [
  { match: { prefix: '/' }, route: plain, name: 'r-app', ...route },
];
const request = (lines: string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;
const get = (path: string, ...more: string[]) =>
  request([`GET ${path} HTTP/1.1`, 'Host: app.example', ...more]);

/** What an app answers is told to it by the bytes it sends. */
const raw = (bytes: string) => rude((socket) => void socket.end(bytes));

export const cases: Case[] = [
  {
    name: 'passes a request through gateway and sidecar',
    app: serve(echo),
    pod: 'sidecar',
    routes: only({ route: withRetries }),
  },
  { name: 'passes a request to a pod without a sidecar', app: serve(echo) },
  {
    name: 'passes on what an app fails with',
    app: serve((_request, response) => response.writeHead(503, { 'x-why': 'busy' }).end('app says 503')),
    pod: 'sidecar',
  },
  {
    name: 'takes an app’s Connection: close for itself',
    app: serve((_request, response) => response.setHeader('connection', 'close').end('bye')),
  },
  {
    name: 'an app that resets before its head, behind a sidecar',
    app: rude((socket) => void socket.resetAndDestroy()),
    pod: 'sidecar',
    routes: only({ route: withRetries }),
  },
  {
    name: 'an app that closes before its head, behind a sidecar',
    app: rude((socket) => void socket.destroy()),
    pod: 'sidecar',
  },
  { name: 'an app that closes before its head, bare', app: rude((socket) => void socket.destroy()) },
  {
    name: 'an app that closes after its head',
    app: raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial'),
  },
  {
    name: 'an app whose answer ends with its connection',
    app: raw('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nuntil the end'),
  },
  { name: 'an app that answers in HTTP/1.0', app: raw('HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi') },
  { name: 'an app that does not speak HTTP', app: raw('220 mail.example ESMTP\r\n\r\n') },
  {
    name: 'a closed port behind a sidecar, default retries',
    pod: 'sidecar',
    routes: only({ route: withRetries }),
  },
  { name: 'a closed port behind a sidecar, retries off', pod: 'sidecar' },
  { name: 'a pod that is gone, default retries', routes: only({ route: withRetries }) },
  { name: 'a pod that is gone, retries off' },
  { name: 'no endpoints', pod: 'none' },
  {
    name: 'a route to a cluster that nobody told of',
    routes: only({ route: { ...plain, cluster: 'outbound|8080|v9|app.default.svc.cluster.local' } }),
  },
  { name: 'a host that no route knows', app: serve(echo), request: post('/', 'unknown.example') },
  { name: 'a path that no route takes', app: serve(echo), routes: only({ match: { prefix: '/only' } }) },
  {
    name: 'a route’s timeout',
    app: serve(() => undefined),
    routes: only({ route: { ...plain, timeout: '0.200s' } }),
  },
  {
    name: 'a redirect',
    routes: [{ match: { prefix: '/' }, redirect: { path_redirect: '/there', response_code: 'FOUND' } }],
  },
  {
    name: 'a redirect to another host and port',
    routes: [
      {
        match: { prefix: '/' },
        redirect: { host_redirect: 'b.example', port_redirect: 8443, scheme_redirect: 'https' },
      },
    ],
  },
  {
    name: 'an answer of the route’s own',
    routes: [
      { match: { prefix: '/' }, direct_response: { status: 202, body: { inline_string: 'so be it' } } },
    ],
  },
  {
    name: 'an answer of the route’s own without a body',
    routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }],
  },
  {
    name: 'a rewritten prefix',
    app: serve(echo),
    routes: only({ match: { prefix: '/a' }, route: { ...plain, prefix_rewrite: '/b' } }),
    request: get('/a/c?d=e'),
  },
  {
    name: 'a rewritten path and host',
    app: serve(echo),
    routes: only({
      match: { path: '/a' },
      route: { ...plain, prefix_rewrite: '/z', host_rewrite_literal: 'inner.example' },
    }),
    request: get('/a?d=e'),
  },
  {
    name: 'headers added, set and removed',
    app: serve((_request, response) => response.setHeader('x-secret', '1').setHeader('x-kept', '2').end()),
    routes: only({
      response_headers_to_add: [
        { header: { key: 'x-back', value: 'b' } },
        { header: { key: 'x-kept', value: 'new' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      ],
      response_headers_to_remove: ['x-secret'],
    }),
  },
  {
    name: 'request headers added, set and removed',
    app: serve(echo),
    routes: only({
      request_headers_to_add: [
        { header: { key: 'x-add', value: '1' } },
        { header: { key: 'x-set', value: '2' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      ],
      request_headers_to_remove: ['x-gone'],
    }),
    request: get('/', 'X-Gone: 1', 'X-Set: old', 'X-Add: 0'),
  },
  {
    name: 'an injected abort',
    app: serve(echo),
    routes: only({
      typed_per_filter_config: {
        'envoy.filters.http.fault': {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
          abort: { http_status: 503, percentage: { numerator: 1_000_000, denominator: 'MILLION' } },
        },
      },
    }),
  },
  {
    name: 'a match by header',
    app: serve(echo),
    routes: only({ match: { prefix: '/', headers: [{ name: 'x-v', string_match: { exact: '2' } }] } }),
    request: get('/', 'X-V: 2'),
  },
  {
    name: 'no match by header',
    app: serve(echo),
    routes: only({ match: { prefix: '/', headers: [{ name: 'x-v', string_match: { exact: '2' } }] } }),
    request: get('/', 'X-V: 3'),
  },
  {
    name: 'a match by pattern',
    app: serve(echo),
    routes: only({ match: { safe_regex: { regex: '/[a-z]+' } } }),
    request: get('/abc?x=1'),
  },
  {
    name: 'a match by query',
    app: serve(echo),
    routes: only({
      match: { prefix: '/', query_parameters: [{ name: 'q', string_match: { exact: 'a b' } }] },
    }),
    request: get('/?q=a%20b'),
  },
  {
    name: 'a match without regard to case',
    app: serve(echo),
    routes: only({ match: { path: '/CaFe', case_sensitive: false } }),
    request: get('/cafe'),
  },
  { name: 'a path with dots', app: serve(echo), request: get('/a/../b') },
  { name: 'a path with two slashes', app: serve(echo), request: get('//a//b') },
  { name: 'an absolute target', app: serve(echo), request: get('http://app.example/abs') },
  {
    name: 'a host with a port',
    app: serve(echo),
    request: request(['GET / HTTP/1.1', 'Host: app.example:8080']),
  },
  {
    name: 'a body in chunks',
    app: serve(echo),
    request: request(
      ['POST / HTTP/1.1', 'Host: app.example', 'Transfer-Encoding: chunked'],
      '2\r\nhi\r\n0\r\n\r\n',
    ),
  },
  {
    name: 'an answer in chunks',
    app: serve((_request, response) => {
      response.write('one');
      response.end('two');
    }),
    request: get('/'),
  },
  {
    name: 'HEAD',
    app: serve((_request, response) => response.setHeader('content-length', '5').end()),
    request: request(['HEAD / HTTP/1.1', 'Host: app.example']),
  },
  { name: '204', app: serve((_request, response) => response.writeHead(204).end()), request: get('/') },
  {
    name: '304',
    app: serve((_request, response) => response.writeHead(304, { etag: '"x"' }).end()),
    request: get('/'),
  },
  {
    name: 'a caller that wants its connection closed',
    app: serve(echo),
    request: get('/', 'Connection: close'),
  },
  {
    name: 'a caller that expects 100-continue',
    app: serve(echo),
    request: request(
      ['POST / HTTP/1.1', 'Host: app.example', 'Expect: 100-continue', 'Content-Length: 2'],
      'hi',
    ),
  },
  {
    name: 'HTTP/1.0',
    unlogged: true,
    app: serve(echo),
    request: request(['GET / HTTP/1.0', 'Host: app.example']),
  },
  { name: 'no host', unlogged: true, app: serve(echo), request: request(['GET / HTTP/1.1']) },
  { name: 'no HTTP', unlogged: true, app: serve(echo), request: 'hello\r\n\r\n' },
  {
    name: 'headers of the caller’s own',
    app: serve(echo),
    request: get(
      '/',
      'X-Request-Id: mine',
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Proto: https',
      'X-Envoy-Max-Retries: 3',
      'X-Envoy-Upstream-Rq-Timeout-Ms: 1',
    ),
  },
  {
    name: 'a status that is tried again',
    app: serve((_request, response) => response.writeHead(503).end('no')),
    routes: only({ route: { ...plain, retry_policy: { retry_on: '5xx', num_retries: 1 } } }),
  },
  {
    name: 'a WebSocket',
    app: rude(
      (socket) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n',
        ),
    ),
    request: get(
      '/',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: x',
      'Sec-WebSocket-Version: 13',
    ),
  },
];

/** Where the app of a case listens. */
export async function startCase({ app }: Case): Promise<{ address: Address; close: () => Promise<void> }> {
  if (app === undefined) return { address: await closedPort(), close: () => Promise.resolve() };
  return app();
}
