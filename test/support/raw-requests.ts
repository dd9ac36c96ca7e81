/**
 * What anybody may send to an open port, byte by byte: requests that are none, and requests whose parts lie.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawRequest {
  name: string;
  bytes: Buffer;
  /** The sender resets the connection once this is sent. */
  reset?: boolean;
}

const HOST = 'host: 127.0.0.1';
const line = (start: string, ...headers: string[]): Buffer =>
  Buffer.from(`${[start, HOST, ...headers].join('\r\n')}\r\n\r\n`, 'latin1');

const TARGETS = [
  ...[
    '//',
    '///',
    '//:0/',
    '/%',
    '/%zz',
    '/%ff',
    '/%00',
    '/\\',
    '/..',
    '/../..',
    '/%2e%2e/%2e%2e/x',
    '/?%zz=%',
  ],
  ...[
    '*',
    ':',
    ':99999/../x',
    ':99999',
    'a',
    'a:b',
    '?',
    '#',
    'javascript:x',
    'http:',
    'http://',
    'http:///',
  ],
  ...[
    'http://[',
    'http://[::1',
    'http://:99999/',
    'http://x:99999/../y',
    'http://x:port/',
    'http://%zz/',
    'HTTP://x',
  ],
  ...[
    'https://user:pw@x/',
    'ftp://x/',
    '/__proto__',
    '/constructor',
    '/toString',
    '/hasOwnProperty',
    '/\u00e9',
    '/\u00ff\u00fe',
  ],
  ...['/x?resource=constructor', '/config_dump?resource=__proto__', '/config_dump?resource=constructor'],
  ...[
    '/config_dump?name_regex=(',
    '/config_dump?mask=__proto__',
    '/stats?filter=(',
    '/stats?filter=%5B',
    '/stats?format=%zz',
  ],
  ...[
    '/debug/edsz?proxyID=__proto__',
    '/debug/%zz',
    '/api/v1/namespaces/%zz/pods',
    '/api/v1/namespaces/%ff/pods/%ff/exec',
  ],
  ...[
    '/api/v1/namespaces/default/pods/%zz/log',
    '/apis//',
    '/apis/%zz/v1/x',
    '/api/v1/watch/',
    '/api/v1/namespaces//',
  ],
  ...['/api/v1/pods?watch=1&resourceVersion=%zz&timeoutSeconds=-1', '/api/v1/pods?limit=1e999&continue=%00'],
  ...[
    '/openapi/v3/%zz',
    '/version/%',
    '/coffee/%zz',
    '/orders?%zz',
    '/health/live?%zz',
    '/lifecycle/%zz',
    '/pre-stop/%zz',
  ],
];

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
  'M-SEARCH',
  'get',
  'BREW',
  '!',
];

const UPGRADES = [
  ['upgrade: websocket', 'connection: upgrade', 'sec-websocket-key: x', 'sec-websocket-version: 99'],
  [
    'upgrade: websocket',
    'connection: upgrade',
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version: 13',
  ],
  ['upgrade: SPDY/3.1', 'connection: upgrade', 'x-stream-protocol-version: \u00e9'],
  ['upgrade: h2c', 'connection: upgrade, http2-settings', 'http2-settings: !!!'],
  ['upgrade: \u00e9\u00ff', 'connection: upgrade'],
  ['upgrade:', 'connection: upgrade'],
  ['upgrade: TLS/1.0', 'connection: upgrade, close', 'content-length: 5'],
];

const HEADERS = [
  ['authorization: Bearer \u00e9\u00ff'],
  ['authorization: \u00e9'],
  ['authorization: Basic %%%'],
  ['x-live-token: \u00e9'.padEnd(62, '\u00e9')],
  ['impersonate-user: \u00e9', 'impersonate-extra-%zz: a', 'impersonate-group: a', 'impersonate-group: b'],
  ['content-length: -1'],
  ['content-length: 99999999999999999999'],
  ['content-length: 5', 'content-length: 6'],
  ['content-length: 5', 'transfer-encoding: chunked'],
  ['transfer-encoding: gzip'],
  ['transfer-encoding: chunked, chunked'],
  ['expect: 100-continue', 'content-length: 3'],
  ['expect: \u00e9'],
  ['accept: application/json;as=Table;g=meta.k8s.io;v=v1', 'accept-encoding: gzip'],
  ['accept: \u00e9;;;q=='],
  ['content-type: \u00e9', 'content-length: 1'],
  [
    'x-request-id: \u00e9\u00ff',
    'x-envoy-upstream-rq-timeout-ms: x',
    'x-envoy-max-retries: -1',
    'x-forwarded-for: \u00ff',
  ],
  ['cookie: __proto__=1'],
  ['range: bytes=9-1', 'if-none-match: "'],
  ['host: another'],
  ['host:'],
  ['host: [::1'],
  ['host: x:99999'],
  ['host: 127.0.0.1:99999'],
  ['host: 127.0.0.1:0'],
  ['host: 127.0.0.1:1e3'],
  [' folded: header'],
  ['no-colon'],
  [`giant: ${'g'.repeat(100_000)}`],
  Array.from({ length: 3_000 }, (_, i) => `h${i}: x`),
];

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Requests that Node's own client would never send. The same list for every port, whatever speaks there. */
export const RAW_REQUESTS: RawRequest[] = [
  ...TARGETS.map((target) => ({ name: `GET ${target}`, bytes: line(`GET ${target} HTTP/1.1`) })),
  ...[
    '//',
    '/%zz',
    ':99999/../x',
    '/api/v1/namespaces/%zz/pods',
    '/api/v1/namespaces/default/pods/x/exec',
  ].flatMap((target) =>
    UPGRADES.map((headers) => ({
      name: `GET ${target} with ${headers.join(', ')}`,
      bytes: Buffer.concat([
        line(`GET ${target} HTTP/1.1`, ...headers),
        Buffer.from([0x80, 3, 0, 1, 255, 255, 255]),
      ]),
    })),
  ),
  ...METHODS.flatMap((method) => [
    { name: `${method} /`, bytes: line(`${method} / HTTP/1.1`) },
    { name: `${method} //`, bytes: line(`${method} // HTTP/1.1`, 'content-length: 0') },
  ]),
  ...['x:99999', '127.0.0.1:80', '/', '[::1', ':', 'http://x'].map((target) => ({
    name: `CONNECT ${target}`,
    bytes: Buffer.concat([line(`CONNECT ${target} HTTP/1.1`), Buffer.from('garbage')]),
  })),
  ...HEADERS.map((headers) => ({
    name: `GET / with ${(headers[0] ?? '').slice(0, 60)}`,
    bytes: line('GET / HTTP/1.1', ...headers),
  })),
  ...HEADERS.slice(0, 12).map((headers) => ({
    name: `POST /orders with ${(headers[0] ?? '').slice(0, 60)}`,
    bytes: Buffer.concat([line('POST /orders HTTP/1.1', ...headers), Buffer.from('zz\r\n\r\n{{{')]),
  })),
  { name: 'nothing', bytes: Buffer.alloc(0) },
  { name: 'an empty line', bytes: Buffer.from('\r\n\r\n') },
  { name: 'zeros', bytes: Buffer.alloc(10_000) },
  { name: 'every byte', bytes: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
  { name: 'no version', bytes: Buffer.from('GET /\r\n\r\n') },
  { name: 'HTTP/0.9 to HTTP/9.9', bytes: Buffer.from('GET / HTTP/9.9\r\n\r\n') },
  { name: 'HTTP/1.0 without a host', bytes: Buffer.from('GET // HTTP/1.0\r\n\r\n') },
  { name: 'HTTP/1.1 without a host', bytes: Buffer.from('GET // HTTP/1.1\r\n\r\n') },
  { name: 'bare line feeds', bytes: Buffer.from('GET // HTTP/1.1\nhost: x\n\n') },
  { name: 'a target of 100,000 characters', bytes: line(`GET /${'x'.repeat(100_000)} HTTP/1.1`) },
  { name: 'a method of 10,000 characters', bytes: line(`${'M'.repeat(10_000)} / HTTP/1.1`) },
  { name: 'the HTTP/2 preface', bytes: Buffer.from(PREFACE) },
  {
    name: 'the HTTP/2 preface and a frame that lies',
    bytes: Buffer.concat([Buffer.from(PREFACE), Buffer.from([255, 255, 255, 1, 255, 0, 0, 0, 0])]),
  },
  {
    name: 'the HTTP/2 preface and settings',
    bytes: Buffer.concat([
      Buffer.from(PREFACE),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
      Buffer.alloc(64, 7),
    ]),
  },
  { name: 'a TLS record that is none', bytes: Buffer.from([0x16, 3, 1, 255, 255, 1, 2, 3]) },
  {
    name: 'chunks that lie',
    bytes: Buffer.concat([
      line('POST // HTTP/1.1', 'transfer-encoding: chunked'),
      Buffer.from('fffffffffffff\r\n'),
    ]),
  },
  {
    name: 'three requests at once',
    bytes: Buffer.concat([line('GET // HTTP/1.1'), line('GET /%zz HTTP/1.1'), line('GET :1 HTTP/1.1')]),
  },
  { name: 'half a request line, then a reset', bytes: Buffer.from('GET /'), reset: true },
  { name: 'half a head, then a reset', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n'), reset: true },
  {
    name: 'half a body, then a reset',
    bytes: Buffer.concat([line('POST /orders HTTP/1.1', 'content-length: 10'), Buffer.from('{')]),
    reset: true,
  },
  { name: 'a request, then a reset', bytes: line('GET / HTTP/1.1'), reset: true },
  {
    name: 'an upgrade, then a reset',
    bytes: line(
      'GET /api/v1/namespaces/default/pods/x/exec HTTP/1.1',
      'upgrade: websocket',
      'connection: upgrade',
    ),
    reset: true,
  },
];

export interface Aim {
  host: string;
  port: number;
}

/**
 * How long an answer is waited for: some requests are never complete,
 * and a server that waits for their rest is right.
 */
const PATIENCE_MS = 150;
const CONNECT_MS = 5_000;

/** Sends one and gives the first line of what came back; empty when nothing did. */
export async function sendRaw(
  { host, port }: Aim,
  { bytes, reset = false }: RawRequest,
  { tls = false } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const tcp = connectTcp({ host, port });
    const socket: Socket = tls ? connectTls({ socket: tcp, rejectUnauthorized: false }) : tcp;
    let text = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      tcp.destroy();
      resolve(text.split('\r\n', 1)[0] ?? '');
    };
    let timer = setTimeout(end, CONNECT_MS);
    socket.on(tls ? 'secureConnect' : 'connect', () =>
      socket.write(bytes, () => {
        clearTimeout(timer);
        timer = setTimeout(end, PATIENCE_MS);
        if (!reset) return;
        tcp.resetAndDestroy();
        end();
      }),
    );
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n')) end();
    });
    for (const one of [tcp, socket]) one.on('error', end).on('close', end);
  });
}

/**
 * Throws the whole list at a port, plain and (where it speaks that)
 * within TLS, as many at a time. Gives what was answered, by name.
 */
export async function throwAll(aim: Aim, { atATime = 64 } = {}): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const tls of (await speaksTls(aim)) ? [false, true] : [false]) {
    const left = [...RAW_REQUESTS];
    const work = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined; one = left.shift())
        answers.set(`${one.name}${tls ? ' (TLS)' : ''}`, await sendRaw(aim, one, { tls }));
    };
    await Promise.all(Array.from({ length: atATime }, work));
  }
  return answers;
}

/** The same for many ports, a few of them at once. Gives every answer with who gave it. */
export async function throwAllAt(
  aims: readonly Aim[],
): Promise<{ from: string; to: string; answer: string }[]> {
  const answers: { from: string; to: string; answer: string }[] = [];
  const left = [...aims];
  const work = async (): Promise<void> => {
    for (let aim = left.shift(); aim !== undefined; aim = left.shift())
      for (const [to, answer] of await throwAll(aim))
        answers.push({ from: `${aim.host}:${aim.port}`, to, answer });
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return answers;
}

function speaksTls({ host, port }: Aim): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false }, () => end(true));
    const end = (speaks: boolean): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}
