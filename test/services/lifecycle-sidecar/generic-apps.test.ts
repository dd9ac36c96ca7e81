import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRaw } from '../../support/raw-http.ts';
import { killLeftovers, startProcess } from '../../support/service-process.ts';
import { preStop, startSidecar } from '../../support/sidecar.ts';

// Its tests wait side by side.
afterAll(killLeftovers);

const request = 'GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n';

async function startGenericApp(env: Record<string, string> = {}) {
  const app = startProcess('node', ['test/support/programs/generic-app.mjs'], env);
  const { port, metricsPort } = await app.event('listening');
  return { ...app, port: Number(port), metricsUrl: `http://127.0.0.1:${String(metricsPort)}/metrics` };
}

describe('beside a plain node:http server the sidecar', () => {
  it.concurrent('holds the hook until its gauge says that nothing runs', async () => {
    const app = await startGenericApp({ DELAY_MS: '1500' });
    const sidecar = await startSidecar({
      APP_PORT: String(app.port),
      APP_METRICS_URL: app.metricsUrl,
      IN_FLIGHT_METRIC: 'busy',
    });
    const caller = openRaw(app.port);
    caller.send(request);
    while (!(await (await fetch(app.metricsUrl)).text()).includes('busy{kind="http"} 1'));
    const answer = await preStop(sidecar);
    expect(answer).toMatchObject({ watch: 'metrics', outcome: 'quiet' });
    expect(caller.received()).toMatch('coffee');
    expect(answer.afterMs.lastRequest).toBeGreaterThan(500);
    app.signal('SIGTERM');
    expect(await sidecar.event('flight record')).toMatchObject({ outcome: 'quiet' });
  });

  it.concurrent(
    'is needed: the same app loses the request that runs when SIGTERM comes without it',
    async () => {
      const app = await startGenericApp({ DELAY_MS: '1500' });
      const caller = openRaw(app.port);
      caller.send(request);
      await new Promise((resolve) => caller.socket.once('connect', resolve));
      app.signal('SIGTERM');
      expect(await caller.closed).toBe('');
    },
  );

  it.concurrent('sees by its counter the requests that run between two looks', async () => {
    const app = await startGenericApp({ DELAY_MS: '1' });
    const sidecar = await startSidecar({
      APP_PORT: String(app.port),
      APP_METRICS_URL: app.metricsUrl,
      IN_FLIGHT_METRIC: 'busy',
      REQUESTS_METRIC: 'served_total',
      PRE_STOP_QUIET_MS: '1500',
    });
    const asking = new AbortController();
    let served = 0;
    const callers = (async () => {
      while (!asking.signal.aborted) {
        const caller = openRaw(app.port);
        caller.send(request);
        if ((await caller.closed).includes('coffee')) served += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const hook = preStop(sidecar);
    setTimeout(() => {
      asking.abort();
    }, 2_000);
    const answer = await hook;
    await callers;
    expect(answer.outcome).toBe('quiet');
    expect(answer.afterMs.quiet).toBeGreaterThan(3_000);
    expect(served).toBeGreaterThan(5);
  });

  it.concurrent('holds the hook until the kernel knows no connection to it', async () => {
    const app = await startGenericApp();
    const sidecar = await startSidecar({ APP_PORT: String(app.port), APP_ADMIN_URL: 'http://127.0.0.1:9' });
    const caller = openRaw(app.port);
    await new Promise((resolve) => caller.socket.once('connect', resolve));
    let answered = false;
    const hook = preStop(sidecar).then((record) => {
      answered = true;
      return record;
    });
    await sidecar.event('watching');
    setTimeout(() => {
      expect(answered).toBe(false);
      caller.socket.destroy();
    }, 1_500);
    expect(await hook).toMatchObject({ watch: 'sockets', outcome: 'quiet' });
    app.signal('SIGTERM');
    expect(await sidecar.event('flight record')).toMatchObject({ began: 'preStop', outcome: 'quiet' });
  });
});

const python = ['python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import http.server']).status === 0,
);
const nginx = spawnSync('nginx', ['-v']).status === 0;

describe('beside programs of others the sidecar', () => {
  (python === undefined ? it.skip : it.concurrent)("holds the hook for Python's http.server", async () => {
    const port = await freePort();
    const app = startProcess(python ?? '', ['-m', 'http.server', '--bind', '127.0.0.1', String(port)]);
    const sidecar = await startSidecar({
      APP_PORT: String(port),
      WATCH: 'sockets',
      APP_READY_URL: `tcp://127.0.0.1:${port}`,
    });
    await untilReady(sidecar.url);
    const caller = openRaw(port);
    caller.send('GET / HTTP/1.1\r\n');
    await new Promise((resolve) => caller.socket.once('connect', resolve));
    const hook = preStop(sidecar);
    setTimeout(() => {
      caller.send('Host: app\r\n\r\n');
    }, 1_200);
    const answer = await hook;
    expect(answer).toMatchObject({ watch: 'sockets', outcome: 'quiet' });
    expect(caller.received()).toMatch('200 OK');
    app.signal('SIGKILL');
    expect((await sidecar.event('flight record')).outcome).toBe('quiet');
  });

  (nginx ? it.concurrent : it.skip)('holds the hook for nginx', async () => {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'nginx-test-'));
    // One process, so that ending it ends it.
    const settings = `daemon off; master_process off; pid nginx.pid; error_log stderr; events {}
      http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`).join(' ')}
        server { listen 127.0.0.1:${port}; location / { return 200 coffee; } } }`;
    writeFileSync(join(folder, 'nginx.conf'), settings);
    const app = startProcess('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
    const sidecar = await startSidecar({
      APP_PORT: String(port),
      WATCH: 'sockets',
      APP_READY_URL: `tcp://127.0.0.1:${port}`,
    });
    await untilReady(sidecar.url);
    const caller = openRaw(port);
    caller.send('GET / HTTP/1.1\r\n');
    await new Promise((resolve) => caller.socket.once('connect', resolve));
    const hook = preStop(sidecar);
    setTimeout(() => {
      caller.send('Host: app\r\nConnection: close\r\n\r\n');
    }, 1_200);
    expect(await hook).toMatchObject({ watch: 'sockets', outcome: 'quiet' });
    expect(caller.received()).toMatch('200 OK');
    app.signal('SIGTERM');
    expect((await sidecar.event('flight record')).outcome).toBe('quiet');
    rmSync(folder, { recursive: true });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until the sidecar says that the app is ready; jest's time-out is the deadline. */
async function untilReady(url: string): Promise<void> {
  while ((await fetch(`${url}/health/ready`)).status !== 200)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
