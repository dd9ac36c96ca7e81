import { afterEach, describe, expect, it } from '@jest/globals';
import type { Proxy } from '../../../mesh/data-plane/proxy.ts';
import { CLUSTER_TYPE } from '../../../mesh/xds-types.ts';
import { outboundClusters } from '../../../mesh/istiod/clusters.ts';
import { closedPort, echo, startApp, startRude, type TestServer } from '../support/apps.ts';
import {
  give,
  giveRoute,
  giveService,
  service,
  startGateway,
  startSidecar,
  type Address,
} from '../support/proxies.ts';
import { ask, post } from '../support/raw-client.ts';

// What a mesh's proxies answer by themselves, as recorded from Envoy 1.40.

const proxies: Proxy[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.kill();
  for (const server of servers.splice(0)) await server.close();
});

async function app(start: Promise<TestServer>): Promise<Address> {
  const server = await start;
  servers.push(server);
  return server.address;
}

async function gatewayTo(sockets: Address[], route: Parameters<typeof giveRoute>[1] = {}): Promise<Address> {
  const { proxy, address } = await startGateway(sockets);
  proxies.push(proxy);
  await giveService(proxy, service(sockets.length));
  await giveRoute(proxy, route);
  return address;
}

async function behindSidecar(target: Address, route: Parameters<typeof giveRoute>[1] = {}): Promise<Address> {
  const { proxy, address } = await startSidecar(target);
  proxies.push(proxy);
  return gatewayTo([address], route);
}

const TERMINATION =
  'upstream connect error or disconnect/reset before headers. reset reason: connection termination';
const RETRIED_FAILURE =
  'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure';
const FAILURE =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
const NO_RETRIES = { action: { timeout: '0s' } };
/** `retry_policy` must be absent, not undefined. */
function withoutRetries(): Parameters<typeof giveRoute>[1] {
  return { route: { cluster: 'outbound|8080||app.default.svc.cluster.local', ...NO_RETRIES.action } };
}

describe('the proxy answers', () => {
  it('passes a request through gateway and sidecar with the headers the app and the caller see from Envoy', async () => {
    const address = await behindSidecar(await app(startApp(echo)));
    const answer = await ask(address, post('/x?a=1', 'app.example'));
    expect(answer.head.map((line) => line.split(':', 1)[0])).toEqual([
      'HTTP/1.1 200 OK',
      'x-version',
      'content-type',
      'content-length',
      'server',
    ]);
    expect(answer.headers['server']).toBe('istio-envoy');
    expect(answer.headers['x-envoy-upstream-service-time']).toMatch(/^\d+$/);
    const seen = JSON.parse(answer.body) as { url: string; headers: Record<string, string>; body: string };
    expect(seen).toMatchObject({ url: '/x?a=1', body: 'hi' });
    expect(Object.keys(seen.headers)).toEqual([
      'host',
      'content-length',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-envoy-external-address',
      'x-request-id',
      'x-envoy-attempt-count',
    ]);
  });

  it('takes an app’s Connection: close for itself and keeps the caller’s connection', async () => {
    const server = await startApp((_request, response) => {
      response.setHeader('connection', 'close');
      response.end('bye');
    });
    servers.push(server);
    const address = await gatewayTo([server.address]);
    const both = await ask(address, post('/', 'app.example') + post('/', 'app.example'));
    expect(both.headers['connection']).toBeUndefined();
    expect(both.ended).toBe(false);
    // Each request needed a connection of its own.
    await ask(address, post('/', 'app.example'));
    expect(server.connections()).toBeGreaterThanOrEqual(2);
  });

  it('reuses a connection to the app for request after request', async () => {
    const server = await startApp(echo);
    servers.push(server);
    const address = await gatewayTo([server.address]);
    for (let i = 0; i < 5; i += 1) await ask(address, post('/', 'app.example'));
    expect(server.connections()).toBe(1);
  });

  it.each([
    ['resets', (socket: { resetAndDestroy(): unknown }) => void socket.resetAndDestroy()],
    ['closes', (socket: { destroy(): unknown }) => void socket.destroy()],
  ])('503 connection termination, with service time, when the app %s before its head', async (_how, act) => {
    const address = await behindSidecar(await app(startRude(act)));
    const answer = await ask(address, post('/', 'app.example'));
    expect(answer.head).toEqual([
      'HTTP/1.1 503 Service Unavailable',
      'content-length: 95',
      'content-type: text/plain',
      'server: istio-envoy',
    ]);
    expect(answer.body).toBe(TERMINATION);
    expect(answer.headers['x-envoy-upstream-service-time']).toBeDefined();
  });

  it('503 connection termination without service time when there is no sidecar', async () => {
    const address = await gatewayTo([await app(startRude((socket) => void socket.destroy()))]);
    const answer = await ask(address, post('/', 'app.example'));
    expect([answer.status, answer.body]).toEqual([503, TERMINATION]);
    expect(answer.headers['x-envoy-upstream-service-time']).toBeUndefined();
  });

  it.each([
    ['default retries', {}],
    ['retries off', withoutRetries()],
  ])(
    '503 retried remote connection failure from the app’s own sidecar when its port is closed (%s)',
    async (_which, route) => {
      const address = await behindSidecar(await closedPort(), route);
      const answer = await ask(address, post('/', 'app.example'));
      expect([answer.status, answer.body]).toEqual([503, RETRIED_FAILURE]);
      expect(answer.headers['x-envoy-upstream-service-time']).toBeDefined();
      expect(answer.headers['content-length']).toBe('121');
    },
  );

  it.each([
    ['default retries', {}, RETRIED_FAILURE],
    ['retries off', withoutRetries(), FAILURE],
  ])(
    '503 remote connection failure without service time when the whole pod is gone (%s)',
    async (_which, route, body) => {
      const address = await gatewayTo([await closedPort()], route);
      const answer = await ask(address, post('/', 'app.example'));
      expect([answer.status, answer.body]).toEqual([503, body]);
      expect(answer.headers['x-envoy-upstream-service-time']).toBeUndefined();
      expect(answer.headers['connection']).toBeUndefined();
    },
  );

  it('reaches another endpoint by the default retries when one is gone', async () => {
    const alive = await app(startApp(echo));
    const address = await gatewayTo([await closedPort(), alive]);
    for (let i = 0; i < 20; i += 1) expect((await ask(address, post('/', 'app.example'))).status).toBe(200);
  });

  it('loses half of the same requests when retries are off', async () => {
    const alive = await app(startApp(echo));
    const address = await gatewayTo([await closedPort(), alive], withoutRetries());
    const statuses = [];
    for (let i = 0; i < 20; i += 1) statuses.push((await ask(address, post('/', 'app.example'))).status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(10);
  });

  it('503 no healthy upstream, closing, when the service has no endpoints', async () => {
    const address = await gatewayTo([]);
    const answer = await ask(address, post('/', 'app.example'));
    expect(answer.head).toEqual([
      'HTTP/1.1 503 Service Unavailable',
      'content-length: 19',
      'content-type: text/plain',
      'server: istio-envoy',
      'connection: close',
    ]);
    expect(answer.body).toBe('no healthy upstream');
  });

  it('does not close after an early answer when the request was complete', async () => {
    const address = await gatewayTo([]);
    const answer = await ask(address, 'GET / HTTP/1.1\r\nhost: app.example\r\n\r\n');
    expect([answer.status, answer.headers['connection']]).toEqual([503, undefined]);
  });

  it.each(['unknown', 'warming'])(
    '503 with an empty body when the route names a cluster that is %s',
    async (which) => {
      const { proxy, address } = await startGateway();
      proxies.push(proxy);
      if (which === 'warming') {
        expect(await give(proxy, CLUSTER_TYPE, outboundClusters(service(1), undefined))).toBeUndefined();
      }
      await giveRoute(proxy);
      const answer = await ask(address, post('/', 'app.example'));
      expect(answer.head).toEqual([
        'HTTP/1.1 503 Service Unavailable',
        'server: istio-envoy',
        'connection: close',
        'content-length: 0',
      ]);
      expect(answer.body).toBe('');
    },
  );

  it('404 with an empty body when the gateway does not know the host', async () => {
    const address = await gatewayTo([await app(startApp(echo))]);
    const answer = await ask(address, post('/', 'other.example'));
    expect(answer.head).toEqual([
      'HTTP/1.1 404 Not Found',
      'server: istio-envoy',
      'connection: close',
      'content-length: 0',
    ]);
  });

  it('504 upstream request timeout when the app is slower than the route allows', async () => {
    const address = await gatewayTo([await app(startApp((request) => void request.resume()))], {
      action: { timeout: '0.050s' },
    });
    const answer = await ask(address, post('/', 'app.example'));
    expect(answer.head).toEqual([
      'HTTP/1.1 504 Gateway Timeout',
      'content-length: 24',
      'content-type: text/plain',
      'server: istio-envoy',
    ]);
    expect(answer.body).toBe('upstream request timeout');
  });

  it('cuts the caller off when the app breaks off within its body', async () => {
    const rude = await app(
      startRude((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: 1000\r\n\r\npartial');
        setTimeout(() => socket.destroy(), 20);
      }),
    );
    const answer = await ask(await behindSidecar(rude), post('/', 'app.example'));
    expect([answer.status, answer.headers['content-length'], answer.body, answer.ended]).toEqual([
      200,
      '1000',
      'partial',
      true,
    ]);
  });

  it('refuses connections as long as no Gateway asks for the port', async () => {
    const { proxy, address } = await startGateway();
    proxies.push(proxy);
    proxy.config.listeners.clear();
    await expect(ask(address, post('/', 'app.example'))).rejects.toThrow(/ECONNRESET|EPIPE/);
  });
});
