import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { createApp } from '../../../services/coffee-shop/app.ts';
import { readConfig } from '../../../services/coffee-shop/config.ts';
import { createMetrics } from '../../../services/coffee-shop/metrics.ts';
import { createService, type Service } from '../../../services/graceful/service.ts';
import { monotonicClock } from '../../../services/shared/clock.ts';
import { createLog } from '../../../services/shared/log.ts';

// terminus shares its responses between instances and listens to this
// process' signals: once, and cleaned up after.
const listenersBefore = { SIGTERM: process.listeners('SIGTERM'), SIGINT: process.listeners('SIGINT') };
const lines: string[] = [];
let service: Service;

beforeAll(async () => {
  const config = readConfig({
    PORT: '0',
    ADMIN_PORT: '0',
    HOST: '127.0.0.1',
    VERSION: 'v7',
    POD_NAME: 'coffee-7',
    BREW_MS: '0',
    DRAIN_MIN_MS: '100',
    DRAIN_QUIET_MS: '50',
    MAX_BODY_BYTES: '100',
  });
  const log = createLog({ level: 'info', always: {}, write: (line) => lines.push(line) });
  service = createService({
    config,
    createHandler: (kit) => createApp({ ...kit, config, metrics: createMetrics(kit.registry) }),
    clock: monotonicClock,
    log,
    processMetrics: false,
  });
  await service.start();
});

afterAll(() => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    for (const listener of process.listeners(signal))
      if (!listenersBefore[signal].includes(listener)) process.off(signal, listener);
  for (const server of [service.server, service.admin]) {
    server.close();
    server.closeAllConnections();
  }
});

const shop = () => supertest(service.server);
const admin = () => supertest(service.admin);
const identity = { 'x-version': 'v7', 'x-pod': 'coffee-7' };

describe('the public port', () => {
  it('serves coffee', async () => {
    const response = await shop().get('/coffee');
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ drink: 'filter', version: 'v7', pod: 'coffee-7' });
  });

  it('brews an order and answers it in one request', async () => {
    const response = await shop().post('/orders').send({ drink: 'latte' });
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({ drink: 'latte', version: 'v7', pod: 'coffee-7' });
  });

  it('takes an order without a body, and one that is labelled as a form', async () => {
    expect((await shop().post('/orders')).body).toMatchObject({ drink: 'espresso' });
    const labelled = shop().post('/orders').type('application/x-www-form-urlencoded');
    expect((await labelled.send('{"drink":"filter"}')).body).toMatchObject({ drink: 'filter' });
  });

  it.each([
    ['a drink that is not on the menu', '{"drink":"beer"}', 400, /"drink" must be one of espresso/],
    ['a drink that is no word', '{"drink":{"a":1}}', 400, /must be one of/],
    ['broken JSON', '{"drink":', 400, /JSON/],
    ['a body over the limit', `{"drink":"${'x'.repeat(100)}"}`, 413, /large/],
  ])('answers %s with a problem', async (_what, order, status, detail) => {
    const response = await shop().post('/orders').type('json').send(order);
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toMatch('application/problem+json');
    const problem = JSON.parse(response.text) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: 'about:blank',
      status,
      requestId: response.headers['x-request-id'],
    });
    expect(problem.detail).toMatch(detail);
  });

  it('answers an unknown path with 404 and a wrong method with 405', async () => {
    expect((await shop().get('/tea')).status).toBe(404);
    const response = await shop().delete('/orders');
    expect(response.status).toBe(405);
    expect(response.headers.allow).toBe('POST');
  });

  it('brews as long as asked, a line at a time', async () => {
    const { text, status } = await shop().get('/coffee?brew=150ms');
    expect(status).toBe(200);
    const [first, ...rest] = text.trim().split('\n');
    expect(JSON.parse(first ?? '')).toEqual({ brewing: true, elapsedMs: 0 });
    expect(JSON.parse(rest.at(-1) ?? '')).toMatchObject({ drink: 'filter' });
  });

  it.each(['61s', '-1s', '5', 'soon', '1e3s'])('does not brew for %s', async (brew) => {
    expect((await shop().get('/coffee').query({ brew })).status).toBe(400);
  });

  it('answers HEAD as GET, without a body and without brewing', async () => {
    const response = await shop().head('/coffee?brew=60s');
    expect(response.status).toBe(200);
    expect(response.text).toBeFalsy();
  });

  it('passes on a sane request id and replaces any other', async () => {
    const id = async (given: string) =>
      (await shop().get('/coffee').set('x-request-id', given)).headers['x-request-id'];
    expect(await id('abc-1')).toBe('abc-1');
    expect(await id('a b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id('x'.repeat(200))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is live and ready, also when a probe carries a query', async () => {
    for (const path of ['/health/live', '/health/ready', '/health/ready?from=kubelet']) {
      const response = await shop().get(path);
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      expect(response.body).toEqual({ status: 'ok' });
    }
  });

  it('tells nothing about itself that helps an attacker', async () => {
    expect((await shop().get('/coffee')).headers).not.toHaveProperty('x-powered-by');
  });

  it('names version and pod in every response', async () => {
    const responses = await Promise.all([
      shop().get('/coffee'),
      shop().get('/tea'),
      shop().post('/orders').type('json').send('{'),
      shop().get('/health/live'),
      shop().get('/health/ready'),
      admin().get('/metrics'),
      admin().get('/lifecycle'),
      admin().get('/nothing'),
    ]);
    for (const { headers } of responses) expect(headers).toMatchObject(identity);
  });
});

describe('the admin port', () => {
  it('tells the state of the pod', async () => {
    expect((await admin().get('/lifecycle')).body).toMatchObject({
      state: 'ready',
      inFlight: 0,
      version: 'v7',
      pod: 'coffee-7',
      drained: null,
    });
  });

  it('counts requests by route, method and status, and nothing callers make up', async () => {
    await shop().get('/made-up-by-a-caller');
    await shop().post('/orders').send({ drink: 'americano' });
    const { text } = await admin().get('/metrics');
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="__unmatched",status_code="404"\} \d+/,
    );
    expect(text).toMatch(
      'http_request_duration_seconds_count{method="POST",route="/orders",status_code="200"}',
    );
    expect(text).toMatch('coffee_orders_total{drink="americano",outcome="brewed"} 1');
    expect(text).toMatch(/http_health_checks_total\{route="\/health\/ready",status_code="200"\} \d+/);
    expect(text).toMatch('app_lifecycle_state{state="ready"} 1');
    expect(text).not.toMatch('made-up');
    expect(text).not.toMatch(/http_request_duration\S*route="\/health/);
  });

  it('is not reachable on the public port', async () => {
    for (const path of ['/metrics', '/lifecycle', '/lifecycle/drain'])
      expect((await shop().get(path)).status).toBe(404);
  });

  // Last: the service of this file ends here.
  it('drains once, blocks until drained, and tells everybody to leave', async () => {
    const [posted, got] = await Promise.all([
      admin().post('/lifecycle/drain'),
      admin().get('/lifecycle/drain'),
    ]);
    for (const response of [posted, got]) {
      expect(response.status).toBe(200);
      expect(response.body).toMatchObject({ state: 'quiet', outcome: 'quiet' });
    }
    const ready = await shop().get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body).toEqual({ status: 'quiet' });
    expect(ready.headers).toMatchObject({ connection: 'close', ...identity });
    expect((await shop().get('/health/live')).status).toBe(200);
    const coffee = await shop().get('/coffee');
    expect({ status: coffee.status, connection: coffee.headers.connection }).toEqual({
      status: 200,
      connection: 'close',
    });
    expect(lines.filter((line) => line.includes('"msg":"draining"'))).toHaveLength(1);
  });
});
