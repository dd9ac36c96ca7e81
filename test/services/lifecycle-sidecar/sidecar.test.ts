import { afterAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openRaw } from '../../support/raw-http.ts';
import {
  killLeftovers,
  startCoffeeShop,
  startService,
  untilInFlight,
} from '../../support/service-process.ts';
import { beside, preStop, startSidecar } from '../../support/sidecar.ts';

const main = 'services/lifecycle-sidecar/main.ts';
const closeServers: (() => void)[] = [];

// Its tests wait side by side.
afterAll(async () => {
  await killLeftovers();
  for (const close of closeServers.splice(0)) close();
});

/** A server inside the test, answering every path with what `answer` says at that moment. */
async function serve(answer: () => { status?: number; body: string }): Promise<string> {
  const server = createServer((_request, response) => {
    const { status = 200, body } = answer();
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeServers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('beside an app that can drain itself the sidecar', () => {
  it.concurrent('holds the hook until the app is quiet, and records what happened when', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    const caller = openRaw(shop.port);
    // Half of an order, the rest once the drain has begun: so it is
    // served while draining, however slow this machine is.
    caller.send('POST /orders HTTP/1.1\r\nHost: coffee\r\nContent-Length: 17\r\n\r\n{"drink":');
    await untilInFlight(shop.adminPort, 1);
    const hook = preStop(sidecar);
    await shop.event('draining');
    caller.send('"latte"}');
    const answer = await hook;
    expect(answer).toMatchObject({ watch: 'lifecycle', outcome: 'quiet', afterMs: { exit: null } });
    expect(await caller.closed).toMatch('"drink":"latte"');
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    const record = await sidecar.event('flight record');
    expect(record).toMatchObject({
      record: 'flight',
      began: 'preStop',
      outcome: 'quiet',
      servedWhileDraining: 1,
    });
    const { lastConnection, lastRequest, quiet, answered, sigterm, exit } = record.afterMs as Record<
      string,
      number
    >;
    const inOrder = [lastConnection, 0, lastRequest, quiet, answered, sigterm, exit].map(Number);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect(sidecar.terminationMessage()).toMatchObject({ outcome: 'quiet', afterMs: record.afterMs });
  });

  it.concurrent('records how many requests were cut', async () => {
    const shop = await startCoffeeShop({ DRAIN_DEADLINE_MS: '800', IN_FLIGHT_DEADLINE_MS: '300' });
    const sidecar = await startSidecar(beside(shop));
    const caller = openRaw(shop.port);
    caller.send('GET /coffee?brew=30s HTTP/1.1\r\nHost: coffee\r\n\r\n');
    await caller.until((text) => text.includes('brewing'));
    expect(await preStop(sidecar)).toMatchObject({ outcome: 'deadline', cut: { requests: 0 } });
    shop.signal('SIGTERM');
    await shop.exited;
    expect(await sidecar.event('flight record')).toMatchObject({ cut: { requests: 1, connections: 1 } });
  });

  it.concurrent('answers a hook that is called twice with one and the same drain', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    const [first, second] = await Promise.all([preStop(sidecar), preStop(sidecar)]);
    expect(second).toEqual(first);
    expect(await preStop(sidecar)).toEqual(first);
    expect(shop.events.filter(({ msg }) => msg === 'draining')).toHaveLength(1);
  });

  it.concurrent('goes on when the hook breaks off', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    const breaking = new AbortController();
    const hook = preStop(sidecar, { signal: breaking.signal });
    await sidecar.event('pre-stop');
    breaking.abort();
    await expect(hook).rejects.toThrow();
    expect(await sidecar.event('pre-stop answered')).toMatchObject({ outcome: 'quiet' });
  });

  it.concurrent('begins anew for an app that was restarted', async () => {
    const first = await startCoffeeShop();
    const ports = { PORT: String(first.port), ADMIN_PORT: String(first.adminPort) };
    const sidecar = await startSidecar({ ...beside(first), WATCH: 'lifecycle' });
    await preStop(sidecar);
    first.signal('SIGTERM');
    await first.exited;
    await sidecar.event('flight record');
    const second = await startCoffeeShop(ports);
    expect((await fetch(`${sidecar.url}/health/ready`)).status).toBe(200);
    await preStop(sidecar);
    expect(second.events.map(({ msg }) => msg)).toContain('drained');
  });

  it.concurrent('is ready only when app and proxy are, and no longer when the end has begun', async () => {
    let [appStatus, proxyStatus] = [503, 503];
    const app = await serve(() => ({ status: appStatus, body: '' }));
    const proxy = await serve(() => ({ status: proxyStatus, body: '' }));
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar({ ...beside(shop), APP_READY_URL: app, PROXY_READY_URL: proxy });
    const readiness = async () => {
      const response = await fetch(`${sidecar.url}/health/ready`);
      const { status } = (await response.json()) as { status: string };
      return `${response.status} ${status}`;
    };
    expect(await readiness()).toBe('503 app not ready');
    appStatus = 200;
    expect(await readiness()).toBe('503 proxy not ready');
    proxyStatus = 200;
    expect(await readiness()).toBe('200 ok');
    const hook = preStop(sidecar);
    await sidecar.event('pre-stop');
    expect(await readiness()).toBe('503 draining');
    expect((await fetch(`${sidecar.url}/health/live`)).status).toBe(200);
    await hook;
    expect(await (await fetch(`${sidecar.url}/metrics`)).text()).toMatch('lifecycle_draining 1');
  });

  it.concurrent('tells in the record when the control plane took the pod out of the endpoints', async () => {
    let ready = true;
    const api = await serve(() => ({
      body: JSON.stringify({ items: [{ endpoints: [{ addresses: ['10.0.0.7'], conditions: { ready } }] }] }),
    }));
    const shop = await startCoffeeShop();
    const endpoints = { ENDPOINT_SERVICE: 'coffee-shop', POD_IP: '10.0.0.7', KUBERNETES_URL: api };
    const sidecar = await startSidecar({ ...beside(shop), ...endpoints });
    const hook = preStop(sidecar);
    await sidecar.event('pre-stop');
    ready = false;
    expect((await hook).afterMs.endpointGone).toBeGreaterThan(0);
  });

  it.concurrent('lets only those drain the pod who know the token', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar({ ...beside(shop), PRE_STOP_TOKEN: 'secret' });
    expect((await fetch(`${sidecar.url}/pre-stop`)).status).toBe(403);
    expect(shop.events.map(({ msg }) => msg)).not.toContain('draining');
    expect(await preStop(sidecar, { headers: { 'x-pre-stop-token': 'secret' } })).toMatchObject({
      outcome: 'quiet',
    });
  });
});

describe('a sidecar among strangers', () => {
  it.concurrent('drains nothing for a page in a browser', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    const { port } = new URL(sidecar.url);
    const caller = openRaw(Number(port));
    caller.send(
      'GET /pre-stop HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n',
    );
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 403 /);
    expect(await sidecar.event('refused')).toMatchObject({ level: 'warn', path: '/pre-stop' });
    expect(shop.events.map(({ msg }) => msg)).not.toContain('draining');
  });

  it.concurrent('hands its token on to an app that wants it', async () => {
    const shop = await startCoffeeShop({ PRE_STOP_TOKEN: 'secret' });
    const sidecar = await startSidecar({ ...beside(shop), PRE_STOP_TOKEN: 'secret' });
    const record = await preStop(sidecar, { headers: { 'x-pre-stop-token': 'secret' } });
    expect(record).toMatchObject({ watch: 'lifecycle', outcome: 'quiet' });
    expect(await shop.event('draining')).toMatchObject({ reason: 'request' });
  });
});

describe('told to end, the sidecar', () => {
  it.concurrent(
    'ends at once and leaves the record alone when the app has gone before, as native sidecars do',
    async () => {
      const shop = await startCoffeeShop();
      const sidecar = await startSidecar(beside(shop));
      await preStop(sidecar);
      shop.signal('SIGTERM');
      await shop.exited;
      await sidecar.event('flight record');
      sidecar.signal('SIGTERM');
      expect(await sidecar.exited).toBe(0);
      expect(sidecar.terminationMessage()).toMatchObject({ began: 'preStop', outcome: 'quiet' });
      expect(sidecar.events.filter(({ msg }) => msg === 'flight record')).toHaveLength(1);
    },
  );

  it.concurrent(
    'stays until the app has gone, and still answers the hook, when both are told at the same time',
    async () => {
      const shop = await startCoffeeShop();
      const sidecar = await startSidecar(beside(shop));
      sidecar.signal('SIGTERM');
      await sidecar.event('signal');
      expect(await preStop(sidecar)).toMatchObject({ began: 'SIGTERM', outcome: 'quiet' });
      expect(sidecar.child.exitCode).toBeNull();
      shop.signal('SIGTERM');
      expect(await shop.exited).toBe(0);
      expect(await sidecar.exited).toBe(0);
      expect(sidecar.terminationMessage()?.afterMs.exit).toBeGreaterThan(0);
    },
  );

  it.concurrent('does not stay for ever with an app that does not end', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar({ ...beside(shop), GRACE_MS: '500' });
    sidecar.signal('SIGTERM');
    expect(await sidecar.exited).toBe(0);
    expect(sidecar.terminationMessage()).toMatchObject({ began: 'SIGTERM', afterMs: { exit: null } });
    expect(shop.events.map(({ msg }) => msg)).not.toContain('draining');
  });

  it.concurrent('leaves at once at Ctrl-C', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar(beside(shop));
    sidecar.signal('SIGINT');
    expect(await sidecar.exited).toBe(130);
  });
});

describe('a sidecar that cannot start', () => {
  it.concurrent('names every bad value in a line of its own, and exits with 2', async () => {
    const sidecar = startService(main, {
      PORT: 'x',
      APP_ADMIN_URL: 'localhost',
      WATCH: 'eyes',
      ENDPOINT_SERVICE: 'a',
    });
    expect(await sidecar.exited).toBe(2);
    expect(sidecar.stderr().trim().split('\n')).toEqual([
      'APP_ADMIN_URL must be a URL that begins with http:// or https://, got "localhost".',
      'PORT must be an integer from 0 to 65535, got "x".',
      'WATCH must be auto or lifecycle or metrics or sockets, got "eyes".',
      'ENDPOINT_SERVICE needs POD_IP, to find this pod among the endpoints.',
    ]);
  });

  it.concurrent('says which port is taken', async () => {
    const first = await startSidecar({});
    const port = new URL(first.url).port;
    const sidecar = startService(main, { HOST: '127.0.0.1', PORT: port });
    expect(await sidecar.exited).toBe(1);
    expect(sidecar.stderr()).toBe(`Another program uses port ${port} of 127.0.0.1. Stop it, or set PORT.\n`);
  });
});
