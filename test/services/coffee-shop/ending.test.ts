import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count, openRaw } from '../../support/raw-http.ts';
import {
  type CoffeeShop,
  killLeftovers,
  startCoffeeShop,
  startProcess,
  untilInFlight,
} from '../../support/service-process.ts';

// Its tests wait side by side.
afterAll(killLeftovers);

const body = '{"drink":"espresso"}';
const head = `POST /orders HTTP/1.1\r\nHost: coffee\r\nContent-Length: ${body.length}`;
const order = `${head}\r\n\r\n${body}`;
const answers = (text: string) => count(text, 'HTTP/1.1 200 OK');
/** A program with a request that it never reads the answer of, and a connection that it does not use. */
const vanishing = `
  const { connect } = require('node:net');
  const port = Number(process.argv[1]);
  const sleeping = connect(port, '127.0.0.1', () => {
    sleeping.write('GET /coffee HTTP/1.1\\r\\nHost: coffee\\r\\n\\r\\n');
    sleeping.once('data', () => {
      const asking = connect(port, '127.0.0.1', () => {
        asking.pause().write('GET /coffee?brew=30s HTTP/1.1\\r\\nHost: coffee\\r\\n\\r\\n', () => console.log('{"msg":"waiting"}'));
      });
    });
  });
`;
const messages = (shop: CoffeeShop) => shop.events.map(({ msg }) => msg);

describe('a coffee-shop that ends', () => {
  it.concurrent('waits for an upload that is slow', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send(`${head}\r\n\r\n${body.slice(0, 5)}`);
    shop.signal('SIGTERM');
    await shop.event('draining');
    const later = setTimeout(() => {
      caller.send(body.slice(5));
    }, 1_500);
    const text = await caller.closed;
    clearTimeout(later);
    expect(answers(text)).toBe(1);
    expect(text).toMatch(/connection: close/i);
    expect(await shop.exited).toBe(0);
    expect(await shop.event('closed')).toMatchObject({
      drained: 'quiet',
      cut: { requests: 0, connections: 0 },
    });
  });

  it.concurrent('waits for a request whose head is still on the way', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send('GET /coffee HT');
    shop.signal('SIGTERM');
    await shop.event('draining');
    const later = setTimeout(() => {
      caller.send('TP/1.1\r\nHost: coffee\r\n\r\n');
    }, 1_500);
    expect(answers(await caller.closed)).toBe(1);
    clearTimeout(later);
    expect(await shop.exited).toBe(0);
  });

  it.concurrent('finishes a long answer that is being streamed', async () => {
    const shop = await startCoffeeShop();
    const caller = openRaw(shop.port);
    caller.send('GET /coffee?brew=2s HTTP/1.1\r\nHost: coffee\r\n\r\n');
    await caller.until((text) => text.includes('brewing'));
    shop.signal('SIGTERM');
    const text = await caller.closed;
    expect(text).toMatch('"drink":"filter"');
    expect(text).toMatch(/\r\n0\r\n\r\n$/);
    expect(await shop.exited).toBe(0);
    expect(await shop.event('drained')).toMatchObject({ outcome: 'quiet' });
  });

  it.concurrent('cuts at its deadlines exactly the requests that still run, and counts them', async () => {
    const shop = await startCoffeeShop({ DRAIN_DEADLINE_MS: '1500', IN_FLIGHT_DEADLINE_MS: '3000' });
    const endless = [openRaw(shop.port), openRaw(shop.port)];
    const [stuck, short, idle] = [openRaw(shop.port), openRaw(shop.port), openRaw(shop.port)];
    for (const caller of endless) caller.send('GET /coffee?brew=30s HTTP/1.1\r\nHost: coffee\r\n\r\n');
    stuck.send(`${head}\r\n\r\n{`);
    short.send('GET /coffee?brew=3s HTTP/1.1\r\nHost: coffee\r\n\r\n');
    idle.send('GET /coffee HTTP/1.1\r\nHost: coffee\r\n\r\n');
    for (const caller of [...endless, short]) await caller.until((text) => text.includes('brewing'));
    await idle.until((text) => text.includes('filter'));
    const account = fetch(`http://127.0.0.1:${shop.adminPort}/lifecycle?until=closed`);
    shop.signal('SIGTERM');
    for (const caller of endless) expect(await caller.closed).not.toMatch('filter');
    expect(await stuck.closed).toBe('');
    expect(await short.closed).toMatch('filter');
    expect(await shop.exited).toBe(0);
    expect(await shop.event('drained')).toMatchObject({ outcome: 'deadline', inFlight: 4 });
    expect(await shop.event('closed')).toMatchObject({
      drained: 'deadline',
      cut: { requests: 3, connections: 3 },
    });
    // Whoever waited for the last account has it.
    expect(await (await account).json()).toMatchObject({ state: 'closed', cut: { requests: 3 } });
  });

  it.concurrent('is not kept by idle connections', async () => {
    const shop = await startCoffeeShop({ DRAIN_DEADLINE_MS: '20000' });
    const silent = [openRaw(shop.port), openRaw(shop.port)];
    const kept = openRaw(shop.port);
    kept.send('GET /coffee HTTP/1.1\r\nHost: coffee\r\n\r\n');
    await kept.until((text) => text.includes('filter'));
    shop.signal('SIGTERM');
    await Promise.all([...silent, kept].map(({ closed }) => closed));
    expect(await shop.exited).toBe(0);
    expect(await shop.event('drained')).toMatchObject({ outcome: 'quiet', servedWhileDraining: 0 });
  });

  it.concurrent('takes a new connection for somebody who is about to ask', async () => {
    const shop = await startCoffeeShop({ DRAIN_MIN_MS: '2500', DRAIN_QUIET_MS: '3000' });
    shop.signal('SIGTERM');
    await shop.event('draining');
    // Opened while it would soon be quiet, and asking only after it would have been.
    const openLater = setTimeout(() => {
      const caller = openRaw(shop.port);
      setTimeout(() => {
        caller.send('GET /coffee HTTP/1.1\r\nHost: coffee\r\n\r\n');
      }, 2_100);
      served = caller.closed;
    }, 500);
    let served: Promise<string> | undefined;
    expect(await shop.exited).toBe(0);
    clearTimeout(openLater);
    expect(answers((await served) ?? '')).toBe(1);
  });

  it.concurrent('takes neither probes nor scrapes for traffic, nor their connections', async () => {
    const shop = await startCoffeeShop({
      DRAIN_MIN_MS: '1000',
      DRAIN_QUIET_MS: '800',
      DRAIN_DEADLINE_MS: '20000',
    });
    const readiness: number[] = [];
    const probing = (async () => {
      while (shop.child.exitCode === null)
        try {
          // As the kubelet does: a connection per probe, of HTTP and of TCP.
          const probe = { headers: { connection: 'close' } };
          readiness.push((await fetch(`http://127.0.0.1:${shop.port}/health/ready`, probe)).status);
          expect((await fetch(`http://127.0.0.1:${shop.port}/health/live`, probe)).status).toBe(200);
          await fetch(`http://127.0.0.1:${shop.adminPort}/metrics`, probe);
          await new Promise<void>((resolve) => {
            const tcp = connect(shop.port, '127.0.0.1', () => tcp.destroy());
            tcp.on('error', () => undefined).on('close', () => resolve());
          });
        } catch (error) {
          if (shop.events.every(({ msg }) => msg !== 'closing')) throw error;
        }
    })();
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    await probing;
    expect(await shop.event('drained')).toMatchObject({ outcome: 'quiet', servedWhileDraining: 0 });
    expect(Number((await shop.event('drained')).durationMs)).toBeLessThan(10_000);
    expect(readiness.filter((status) => status === 503).length).toBeGreaterThan(3);
  });

  it.concurrent('says nothing of itself to callers when it fails, and everything to the log', async () => {
    const shop = await startCoffeeShop({ FAULTS: 'on' });
    await fetch(`http://127.0.0.1:${shop.adminPort}/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"errorPercent":100}',
    });
    const response = await fetch(`http://127.0.0.1:${shop.port}/coffee`);
    expect(response.status).toBe(500);
    const requestId = response.headers.get('x-request-id');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      requestId,
    });
    expect((await shop.event('request failed')).error).toMatchObject({
      message: 'asked to fail through /faults',
    });
  });
});

describe('what never happens by itself', () => {
  it.concurrent(
    'cuts a caller that stopped reading and never closes, and does not wait for one that is idle',
    async () => {
      const shop = await startCoffeeShop({ DRAIN_DEADLINE_MS: '1500', IN_FLIGHT_DEADLINE_MS: '500' });
      // Stopped: no answer is read, nothing is closed, as if it had vanished without a word.
      const callers = startProcess(process.execPath, ['-e', vanishing, String(shop.port)]);
      await callers.event('waiting');
      await untilInFlight(shop.adminPort, 1);
      callers.signal('SIGSTOP');
      shop.signal('SIGTERM');
      expect(await shop.exited).toBe(0);
      expect(await shop.event('closed')).toMatchObject({
        drained: 'deadline',
        cut: { requests: 1 },
      });
      callers.signal('SIGKILL');
      await callers.exited;
    },
  );

  it.concurrent('ends by its own watchdog, with 1, if closing never ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchdog-'));
    const shim = join(folder, 'never-closed.cjs');
    // A server that never says that it is closed: a leak of a library, say.
    writeFileSync(shim, "require('node:http').Server.prototype.close = function () { return this; };");
    const shop = await startCoffeeShop({
      NODE_OPTIONS: `--require ${shim}`,
      DRAIN_MIN_MS: '0',
      DRAIN_QUIET_MS: '0',
      DRAIN_DEADLINE_MS: '0',
      IN_FLIGHT_DEADLINE_MS: '0',
    });
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(1);
    expect(await shop.event('did not close in time')).toMatchObject({ level: 'error', limitMs: 5_000 });
    rmSync(folder, { recursive: true });
  });
});

describe('signals', () => {
  it.concurrent('are joined to one drain, however many SIGTERM arrive', async () => {
    const shop = await startCoffeeShop();
    shop.signal('SIGTERM');
    await shop.event('draining');
    shop.signal('SIGTERM');
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    expect(
      messages(shop).filter((msg) => ['draining', 'drained', 'closing', 'closed'].includes(msg)),
    ).toEqual(['draining', 'drained', 'closing', 'closed']);
  });

  it.concurrent('drain at SIGINT too, and a second SIGINT ends at once with 130', async () => {
    const patient = await startCoffeeShop();
    patient.signal('SIGINT');
    expect(await patient.exited).toBe(0);
    expect(messages(patient)).toContain('drained');

    const impatient = await startCoffeeShop({ DRAIN_MIN_MS: '8000' });
    impatient.signal('SIGINT');
    await impatient.event('draining');
    // npm passes on the Ctrl-C that this process got from the terminal as well: that is no second one.
    impatient.signal('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(impatient.child.exitCode).toBe(null);
    impatient.signal('SIGINT');
    expect(await impatient.exited).toBe(130);
  });

  it.concurrent('do not wait for callers when nobody could be calling yet', async () => {
    const shop = await startCoffeeShop({ WARM_UP_MS: '20000', DRAIN_MIN_MS: '8000' });
    const ready = await fetch(`http://127.0.0.1:${shop.port}/health/ready`);
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 503,
      body: { status: 'starting' },
    });
    expect((await fetch(`http://127.0.0.1:${shop.port}/health/live`)).status).toBe(200);
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    expect(await shop.event('drained')).toMatchObject({ outcome: 'unused' });
    expect(messages(shop)).not.toContain('ready');
  });

  it.concurrent(
    'join a drain that preStop began, and the hook is answered before anything closes',
    async () => {
      const shop = await startCoffeeShop({ DRAIN_MIN_MS: '1000' });
      const hook = fetch(`http://127.0.0.1:${shop.adminPort}/lifecycle/drain`, {
        headers: { 'user-agent': 'kube-lifecycle/1.36' },
      });
      await shop.event('draining');
      shop.signal('SIGTERM');
      expect(await (await hook).json()).toMatchObject({ outcome: 'quiet', drainReason: 'preStop' });
      expect(await shop.exited).toBe(0);
      expect(messages(shop).filter((msg) => msg === 'draining')).toHaveLength(1);
    },
  );

  it.concurrent('close at once after a preStop that has drained the pod', async () => {
    const shop = await startCoffeeShop({ DRAIN_MIN_MS: '2000' });
    await fetch(`http://127.0.0.1:${shop.adminPort}/lifecycle/drain`, { method: 'POST' });
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    const { signalAgeMs, stateAgesMs } = await shop.event('closed');
    // Well below the 2 s that another drain would take.
    expect(Number(signalAgeMs) - (stateAgesMs as { closing: number }).closing).toBeLessThan(1_000);
  });
});

describe('an uncaught error', () => {
  it.concurrent.each(['error', 'rejection'])(
    'of kind %s is logged, drained briefly and ends with 1',
    async (kind) => {
      const shop = await startCoffeeShop({
        FAULTS: 'on',
        BREW_MS: '1500',
        DRAIN_MIN_MS: '20000',
        DRAIN_DEADLINE_MS: '30000',
      });
      const caller = openRaw(shop.port);
      caller.send(order);
      await untilInFlight(shop.adminPort, 1);
      await fetch(`http://127.0.0.1:${shop.adminPort}/faults/crash?kind=${kind}`, { method: 'POST' });
      expect(answers(await caller.closed)).toBe(1);
      expect(await shop.exited).toBe(1);
      expect((await shop.event('uncaught error')).error).toMatchObject({
        message: 'asked to crash through /faults/crash',
      });
      expect(await shop.event('drained')).toMatchObject({ outcome: 'quiet' });
    },
  );

  it.concurrent('does not wait longer than its own deadline for requests that hang', async () => {
    const shop = await startCoffeeShop({ FAULTS: 'on', CRASH_DRAIN_MS: '500', DRAIN_DEADLINE_MS: '30000' });
    const caller = openRaw(shop.port);
    caller.send('GET /coffee?brew=30s HTTP/1.1\r\nHost: coffee\r\n\r\n');
    await caller.until((text) => text.includes('brewing'));
    await fetch(`http://127.0.0.1:${shop.adminPort}/faults/crash`, { method: 'POST' });
    expect(await shop.exited).toBe(1);
    expect(await shop.event('closed')).toMatchObject({ cut: { requests: 1 } });
  });
});
