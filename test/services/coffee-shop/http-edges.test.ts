import { afterAll, describe, expect, it } from '@jest/globals';
import { count, openRaw } from '../../support/raw-http.ts';
import { killLeftovers, startCoffeeShop, untilInFlight } from '../../support/service-process.ts';

// Its tests wait side by side.
afterAll(killLeftovers);

const order = (extra = '') => `POST /orders HTTP/1.1\r\nHost: coffee\r\nContent-Length: 2\r\n${extra}\r\n{}`;
const answers = (text: string) => count(text, 'HTTP/1.1 200 OK');
const metricsOf = async (adminPort: number) => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();

describe('on one connection the coffee-shop', () => {
  it.concurrent(
    'names version and pod even where it refuses a request without a Host header, on both ports',
    async () => {
      const shop = await startCoffeeShop();
      for (const port of [shop.port, shop.adminPort]) {
        const caller = openRaw(port);
        caller.send('GET /metrics HTTP/1.1\r\n\r\n');
        const text = await caller.until((seen) => seen.includes('\r\n\r\n'));
        expect(text).toMatch(/^HTTP\/1.1 400 /);
        expect(text).toMatch(/^x-version: /im);
        expect(text).toMatch(/^x-pod: /im);
        caller.socket.destroy();
      }
    },
  );

  it.concurrent('answers pipelined requests in order', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send(order('x-request-id: a\r\n') + order('x-request-id: b\r\n') + order('x-request-id: c\r\n'));
    const text = await caller.until((seen) => answers(seen) === 3);
    expect([...text.matchAll(/x-request-id: (.)/g)].map(([, id]) => id)).toEqual(['a', 'b', 'c']);
    caller.socket.destroy();
  });

  it.concurrent(
    'answers every pipelined request that a drain finds running, and says close only in the last answer',
    async () => {
      const shop = await startCoffeeShop({ BREW_MS: '1500' });
      const caller = openRaw(shop.port);
      caller.send(order() + order() + order());
      await untilInFlight(shop.adminPort, 3);
      shop.signal('SIGTERM');
      const text = await caller.closed;
      expect(answers(text)).toBe(3);
      expect(count(text, /connection: close/i)).toBe(1);
      expect(text.lastIndexOf('onnection: close')).toBeGreaterThan(text.lastIndexOf('HTTP/1.1 200'));
      expect(await shop.exited).toBe(0);
    },
  );

  it.concurrent(
    'answers pipelined requests that arrive while it drains, and says close only in the last answer',
    async () => {
      const shop = await startCoffeeShop({ BREW_MS: '100', DRAIN_MIN_MS: '2500' });
      const caller = openRaw(shop.port);
      shop.signal('SIGTERM');
      await shop.event('draining');
      caller.send(order() + order() + order());
      const text = await caller.closed;
      expect(answers(text)).toBe(3);
      expect(count(text, /connection: close/i)).toBe(1);
      expect(await shop.exited).toBe(0);
    },
  );

  it.concurrent('does not process a request behind an answer that said close', async () => {
    const shop = await startCoffeeShop({ BREW_MS: '0', DRAIN_MIN_MS: '2500' });
    const caller = openRaw(shop.port);
    shop.signal('SIGTERM');
    await shop.event('draining');
    // Answered at once, so that its close is on the way before the order behind it is read.
    caller.send(`GET /coffee HTTP/1.1\r\nHost: coffee\r\n\r\n${order()}`);
    const text = await caller.closed;
    expect(answers(text)).toBe(1);
    expect(await metricsOf(shop.adminPort)).not.toMatch(/coffee_orders_total\{/);
    expect(await shop.exited).toBe(0);
  });

  it.concurrent('takes a caller that closes its half for one that left, as proxies do', async () => {
    const shop = await startCoffeeShop({ BREW_MS: '50' });
    const caller = openRaw(shop.port, { allowHalfOpen: true });
    caller.socket.end(order());
    expect(await caller.closed).toBe('');
    await untilInFlight(shop.adminPort, 0);
    expect(await metricsOf(shop.adminPort)).toMatch('http_client_aborts_total 1');
  });

  it.concurrent('takes an upgrade for the plain request it also is', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send(
      'GET /coffee HTTP/1.1\r\nHost: coffee\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(answers(await caller.until((seen) => seen.includes('filter')))).toBe(1);
    caller.socket.destroy();
  });

  it.concurrent('says 100 to an upload that asks first', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send('POST /orders HTTP/1.1\r\nHost: coffee\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
    await caller.until((seen) => seen.startsWith('HTTP/1.1 100 Continue'));
    caller.send('{}');
    expect(answers(await caller.until((seen) => seen.includes('espresso')))).toBe(1);
    caller.socket.destroy();
  });
});

describe('what is not a proper request gets an answer that names version and pod', () => {
  it.concurrent.each([
    ['is no HTTP', 'coffee please\r\n\r\n', 400],
    [
      'has headers that are too large',
      `GET / HTTP/1.1\r\nHost: coffee\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
    ['expects what nobody knows', order('Expect: cake\r\n'), 417],
    ['has no host', 'GET /coffee HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('if it %s', async (_what, request, status) => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send(request);
    const text = await caller.closed;
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toMatch(/x-version: v1\r\n/i);
    expect(text).toMatch(/x-pod: coffee-1\r\n/i);
    expect(text).toMatch(/application\/problem\+json/);
  });

  it.concurrent.each([
    ['its head', 'GET /coffee HTTP/1.1\r\nHost: cof'],
    ['its body', 'POST /orders HTTP/1.1\r\nHost: coffee\r\nContent-Length: 20\r\n\r\n{"drink"'],
  ])('if it takes too long to send %s', async (_what, request) => {
    const shop = await startCoffeeShop({ HEADERS_TIMEOUT_MS: '500', REQUEST_TIMEOUT_MS: '500' });
    const caller = openRaw(shop.port);
    caller.send(request);
    const text = await caller.closed;
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toMatch(/x-version: v1\r\n/i);
  });

  it.concurrent('counts a caller that leaves as one that left, not as one that was served', async () => {
    const shop = await startCoffeeShop({ BREW_MS: '1500' });
    const caller = openRaw(shop.port);
    caller.send(order());
    await untilInFlight(shop.adminPort, 1);
    caller.socket.destroy();
    await untilInFlight(shop.adminPort, 0);
    const metrics = await metricsOf(shop.adminPort);
    expect(metrics).toMatch('http_client_aborts_total 1');
    expect(metrics).toMatch(
      'http_request_duration_seconds_count{method="POST",route="/orders",status_code="499"} 1',
    );
  });
});
