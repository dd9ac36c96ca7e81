import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Proxy } from '../../../mesh/data-plane/proxy.ts';
import type { RouteJson } from '../../../mesh/xds-types.ts';
import { echo, startApp, startRude, type TestServer } from '../support/apps.ts';
import {
  giveRoute,
  giveService,
  service,
  startGateway,
  startSidecar,
  type Address,
} from '../support/proxies.ts';
import { ask, post } from '../support/raw-client.ts';
import { until } from '../support/test-mesh.ts';

const proxies: Proxy[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.kill();
  for (const server of servers.splice(0)) await server.close();
});

async function app(handler: http.RequestListener): Promise<TestServer> {
  const server = await startApp(handler);
  servers.push(server);
  return server;
}

async function gatewayTo(sockets: Address[], route: Parameters<typeof giveRoute>[1] = {}): Promise<Address> {
  const { proxy, address } = await startGateway(sockets);
  proxies.push(proxy);
  await giveService(proxy, service(sockets.length));
  expect(await giveRoute(proxy, route)).toBeUndefined();
  return address;
}

async function throughBoth(handler: http.RequestListener): Promise<Address> {
  const { proxy, address } = await startSidecar((await app(handler)).address);
  proxies.push(proxy);
  return gatewayTo([address]);
}

const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** One request by Node's own client; resolves with what came back whole. */
async function request(
  address: Address,
  options: Omit<http.RequestOptions, 'headers'> & { headers?: http.OutgoingHttpHeaders },
  body?: Buffer,
) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>(
    (resolve, reject) => {
      const outgoing = http.request(
        { ...address, agent: false, ...options, headers: { host: 'app.example', ...options.headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
          response.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    },
  );
}

const mirrorBack: http.RequestListener = (incoming, response) => void incoming.pipe(response);

describe('bodies', () => {
  it.each([
    ['with a length', { 'content-length': 5_000_000 }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('%s pass both ways without a changed byte', async (_how, headers) => {
    const address = await throughBoth(mirrorBack);
    const body = randomBytes(5_000_000);
    const answer = await request(address, { method: 'POST', headers }, body);
    expect(hash(answer.body)).toBe(hash(body));
  });

  it('are held back at the caller when the app does not read', async () => {
    let read: (() => void) | undefined;
    const server = await app((incoming, response) => {
      read = () => void incoming.resume().on('end', () => response.end('read'));
    });
    const address = await gatewayTo([server.address]);
    const body = Buffer.alloc(64 * 1024 * 1024);
    const socket = net.connect(address);
    socket.write(`POST / HTTP/1.1\r\nhost: app.example\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await until('the app has the request', () => read !== undefined);
    let seen = -1;
    // What the kernel and the proxy take is far less than the body; then nothing moves any more.
    await until(
      'the sending stands still',
      async () => {
        const before = seen;
        seen = socket.bytesWritten - socket.writableLength;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return seen > 0 && seen === before;
      },
      15_000,
    );
    expect(socket.writableLength).toBeGreaterThan(32 * 1024 * 1024);
    const answered = new Promise((resolve) => socket.once('data', resolve));
    read?.();
    await answered;
    socket.destroy();
  }, 40_000);

  it('without length from an old server reach the caller in chunks on a connection that stays', async () => {
    const server = await startRude((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
    servers.push(server);
    const answer = await ask(await gatewayTo([server.address]), post('/', 'app.example'));
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    expect(answer.body).toBe('d\r\nuntil the end\r\n0\r\n\r\n');
    expect(answer.ended).toBe(false);
  });

  it('are not expected after HEAD, 204 and 304', async () => {
    const server = await app((incoming, response) => {
      response.statusCode = Number(incoming.url?.slice(1));
      response.setHeader('x-version', 'v1').end(incoming.method === 'HEAD' ? 'body' : undefined);
    });
    const address = await gatewayTo([server.address]);
    expect((await request(address, { method: 'HEAD', path: '/200' })).status).toBe(200);
    for (const status of [204, 304])
      expect((await request(address, { path: `/${status}` })).status).toBe(status);
    expect(server.connections()).toBe(1);
  });

  it('are asked for when a caller waits for 100 Continue', async () => {
    const address = await throughBoth(mirrorBack);
    const answer = await new Promise<string>((resolve) => {
      const outgoing = http.request(
        { ...address, method: 'POST', headers: { host: 'app.example', expect: '100-continue' } },
        (response) => {
          response.setEncoding('utf8').on('data', resolve);
        },
      );
      outgoing.on('continue', () => outgoing.end('wanted'));
      outgoing.flushHeaders();
    });
    expect(answer).toBe('wanted');
  });
});

describe('connections', () => {
  it('serve pipelined requests in their order', async () => {
    const server = await app((incoming, response) => {
      incoming.resume();
      setTimeout(() => response.end(incoming.url), incoming.url === '/1' ? 30 : 0);
    });
    const socket = net.connect(await gatewayTo([server.address]));
    let text = '';
    socket.setEncoding('utf8').on('data', (data: Buffer | string) => (text += data.toString()));
    socket.write(post('/1', 'app.example') + post('/2', 'app.example') + post('/3', 'app.example'));
    await until('three answers', () => text.split('HTTP/1.1 200').length === 4);
    expect([...text.matchAll(/\r\n\r\n(\/\d)/g)].map((found) => found[1])).toEqual(['/1', '/2', '/3']);
    socket.destroy();
  });

  it('break off the app’s request when its caller leaves', async () => {
    let closed = false;
    const server = await app((incoming, response) => {
      incoming.resume();
      response.on('close', () => (closed = true));
    });
    const socket = net.connect(await gatewayTo([server.address]));
    socket.write(post('/', 'app.example'));
    await until('the app has the request', () => server.connections() === 1);
    socket.destroy();
    await until('the app sees the end', () => closed);
  });

  it.each([
    ['HTTP/1.0', 426, 'GET / HTTP/1.0\r\nhost: app.example\r\n\r\n'],
    ['no host', 400, 'GET / HTTP/1.1\r\n\r\n'],
    ['not HTTP', 400, 'hello\r\n\r\n'],
    [
      'two lengths',
      400,
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['a head without end', 431, `GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}`],
  ])('that bring %s are answered %s', async (_what, status, bytes) => {
    expect((await ask(await gatewayTo([]), bytes)).status).toBe(status);
  });
});

describe('routes', () => {
  async function statusOf(match: RouteJson['match'], path: string, extra = ''): Promise<number> {
    const address = await gatewayTo([], {
      match,
      direct_response: { status: 200, body: { inline_string: 'yes' } },
    });
    return (await ask(address, post(path, 'app.example', 'x', extra))).status;
  }

  it.each<[string, RouteJson['match'], string, string, number]>([
    ['a prefix', { prefix: '/api' }, '/api/x', '', 200],
    ['another prefix', { prefix: '/api' }, '/web', '', 404],
    ['a path, whatever its query', { path: '/x' }, '/x?a=1', '', 200],
    ['a path with more after it', { path: '/x' }, '/x/y', '', 404],
    ['a path in other letters', { path: '/X', case_sensitive: false }, '/x', '', 200],
    ['a pattern', { safe_regex: { regex: '/v[0-9]+' } }, '/v12', '', 200],
    ['a pattern in part', { safe_regex: { regex: '/v[0-9]+' } }, '/v12/x', '', 404],
    [
      'a header',
      { prefix: '/', headers: [{ name: 'x-canary', string_match: { exact: 'yes' } }] },
      '/',
      'X-Canary: yes\r\n',
      200,
    ],
    [
      'another header',
      { prefix: '/', headers: [{ name: 'x-canary', string_match: { exact: 'yes' } }] },
      '/',
      'X-Canary: no\r\n',
      404,
    ],
    [
      'a header that must be missing',
      { prefix: '/', headers: [{ name: 'x-old', present_match: true, invert_match: true }] },
      '/',
      '',
      200,
    ],
    [
      'a method',
      { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
      '/',
      '',
      404,
    ],
    [
      'a query parameter',
      { prefix: '/', query_parameters: [{ name: 'v', string_match: { exact: '2' } }] },
      '/?v=2',
      '',
      200,
    ],
  ])('by %s', async (_what, match, path, extra, status) => {
    expect(await statusOf(match, path, extra)).toBe(status);
  });

  it('share requests by weight', async () => {
    const served: string[] = [];
    const server = await app((incoming, response) => {
      served.push(incoming.headers.host ?? '');
      incoming.resume().on('end', () => response.end());
    });
    const { proxy, address } = await startGateway([server.address]);
    proxies.push(proxy);
    await giveService(proxy, service(1));
    const clusters = [
      { name: 'outbound|8080||app.default.svc.cluster.local', weight: 75 },
      { name: 'outbound|8080|none|app.default.svc.cluster.local', weight: 25 },
    ];
    await giveRoute(proxy, { route: { weighted_clusters: { clusters } } });
    const statuses = await Promise.all(
      Array.from({ length: 400 }, async () => (await ask(address, post('/', 'app.example'))).status),
    );
    const ok = statuses.filter((status) => status === 200).length;
    // 300 on average; outside of this range once in more than a million runs.
    expect(ok).toBeGreaterThan(250);
    expect(ok).toBeLessThan(350);
    expect(served).toHaveLength(ok);
  });

  it('rewrite the path and the host', async () => {
    const server = await app(echo);
    const address = await gatewayTo([server.address], {
      match: { prefix: '/api' },
      action: { prefix_rewrite: '/v2', host_rewrite_literal: 'inner.example' },
    });
    const seen = JSON.parse((await ask(address, post('/api/x?q=1', 'app.example'))).body) as {
      url: string;
      headers: Record<string, string>;
    };
    expect([seen.url, seen.headers['host']]).toEqual(['/v2/x?q=1', 'inner.example']);
  });

  it('redirect', async () => {
    const address = await gatewayTo([], {
      redirect: { host_redirect: 'new.example', response_code: 'TEMPORARY_REDIRECT' },
    });
    const answer = await ask(address, post('/x?y=1', 'app.example'));
    expect([answer.status, answer.headers['location']]).toEqual([307, 'http://new.example/x?y=1']);
  });

  it('abort what a fault rule says, before any app sees it', async () => {
    const server = await app(echo);
    const address = await gatewayTo([server.address], {
      typed_per_filter_config: {
        'envoy.filters.http.fault': {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
          abort: { http_status: 418, percentage: { numerator: 100, denominator: 'HUNDRED' } },
        },
      },
    });
    const answer = await ask(address, post('/', 'app.example'));
    expect([answer.status, answer.body, server.connections()]).toEqual([418, 'fault filter abort', 0]);
  });

  it('send a copy to a mirror and answer from the first', async () => {
    const copies: string[] = [];
    const mirrored = await app((incoming, response) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (data: string) => (body += data));
      incoming.on('end', () => {
        copies.push(`${incoming.headers.host ?? ''} ${body}`);
        response.statusCode = 500;
        response.end();
      });
    });
    const server = await app(echo);
    const { proxy, address } = await startGateway([server.address, mirrored.address]);
    proxies.push(proxy);
    const shadow = service(2, 'shadow');
    for (const port of shadow.ports) port.endpoints = port.endpoints.slice(1);
    await giveService(proxy, service(1));
    await giveService(proxy, shadow);
    await giveRoute(proxy, {
      action: { request_mirror_policies: [{ cluster: 'outbound|8080||shadow.default.svc.cluster.local' }] },
    });
    const answer = await ask(address, post('/', 'app.example', 'copy me'));
    expect(answer.status).toBe(200);
    await until('the copy', () => copies.length > 0);
    expect(copies).toEqual(['app.example-shadow copy me']);
  });

  it('repeat a request whose answer was an error only when the policy says so', async () => {
    let count = 0;
    const server = await app((incoming, response) => {
      incoming.resume().on('end', () => {
        count += 1;
        response.statusCode = count === 1 ? 503 : 200;
        response.end(String(count));
      });
    });
    const retry_policy = {
      retry_on: 'retriable-status-codes',
      num_retries: 1,
      retriable_status_codes: [503],
    };
    const repeating = await gatewayTo([server.address], { action: { retry_policy } });
    expect(await ask(repeating, post('/', 'app.example'))).toMatchObject({ status: 200, body: '2' });
    count = 0;
    const standard = await gatewayTo([server.address]);
    expect(await ask(standard, post('/', 'app.example'))).toMatchObject({ status: 503, body: '1' });
  });
});
