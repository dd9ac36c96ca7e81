import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundle,
  killLeftovers,
  startCoffeeShop,
  startProcess,
  startService,
} from '../../support/service-process.ts';

// Its tests wait side by side.
afterAll(killLeftovers);

const main = 'services/coffee-shop/main.ts';

describe('a coffee-shop that cannot start', () => {
  it.concurrent(
    'names every bad value in a line of its own, and exits with 2 without listening',
    async () => {
      const service = startService(main, { PORT: '80a', SHUTDOWN: 'fast' });
      expect(await service.exited).toBe(2);
      expect(service.stderr()).toBe(
        'PORT must be an integer from 0 to 65535, got "80a".\nSHUTDOWN must be drain or naive, got "fast".\n',
      );
      expect(service.events).toEqual([]);
    },
  );

  it.concurrent('takes no arguments', async () => {
    const service = startProcess('node', [bundle(main), '--port', '80']);
    expect(await service.exited).toBe(2);
    expect(service.stderr()).toBe('The service takes no arguments, got --port 80.\n');
  });

  it.concurrent.each([
    ['PORT', 'ADMIN_PORT'],
    ['ADMIN_PORT', 'PORT'],
  ])('says in one line which port is taken: %s', async (taken, other) => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    const service = startService(main, { HOST: '127.0.0.1', [taken]: String(port), [other]: '0' });
    expect(await service.exited).toBe(1);
    expect(service.stderr()).toBe(
      `Another program uses port ${port} of 127.0.0.1. Stop it, or set ${taken}.\n`,
    );
    blocker.close();
  });

  it.concurrent('says so if HOST is not its own', async () => {
    const service = startService(main, { HOST: '203.0.113.7', PORT: '0', ADMIN_PORT: '0' });
    expect(await service.exited).toBe(1);
    expect(service.stderr()).toMatch(/^HOST 203.0.113.7 is not an address of this machine.*\n$/);
  });
});

describe('a coffee-shop that starts', () => {
  it.concurrent('explains itself with --help', async () => {
    const service = startProcess('node', [bundle(main), '--help']);
    expect(await service.exited).toBe(0);
  });

  it.concurrent('ends within moments of SIGTERM, however early it comes', async () => {
    // From before the first line runs to after it is ready. Killed
    // outright is an end too, as there is no PID 1 here.
    for (const delayMs of [0, 20, 40, 60, 80, 100, 150]) {
      const service = startService(main, {
        HOST: '127.0.0.1',
        PORT: '0',
        ADMIN_PORT: '0',
        DRAIN_MIN_MS: '50',
        DRAIN_QUIET_MS: '50',
      });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      service.signal('SIGTERM');
      expect([0, 'SIGTERM']).toContain(await service.exited);
    }
  });

  it.concurrent('goes on serving, and ends well, when nobody reads its log any more', async () => {
    const shop = await startCoffeeShop({ LOG_LEVEL: 'debug' });
    shop.child.stdout?.destroy();
    expect((await fetch(`http://127.0.0.1:${shop.port}/coffee`)).status).toBe(200);
    shop.signal('SIGTERM');
    // Its end cannot be read from the log; its exit code can.
    expect(await new Promise((resolve) => shop.child.once('exit', resolve))).toBe(0);
  });

  it.concurrent('drains for as long as it should when the wall clock jumps', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clock-jump-'));
    const shim = join(folder, 'jump.cjs');
    // A day ahead, then a day back, every few milliseconds.
    writeFileSync(
      shim,
      'const now = Date.now; let ahead = false; setInterval(() => { ahead = !ahead; }, 7).unref(); Date.now = () => now() + (ahead ? 1 : -1) * 86400000;',
    );
    const shop = await startCoffeeShop({ NODE_OPTIONS: `--require ${shim}` });
    shop.signal('SIGTERM');
    expect(await shop.exited).toBe(0);
    const { outcome, durationMs } = await shop.event('drained');
    expect(outcome).toBe('quiet');
    expect(durationMs).toBeGreaterThanOrEqual(600);
    expect(durationMs).toBeLessThan(5_000);
    rmSync(folder, { recursive: true });
  });

  // A container's process is PID 1: the kernel drops every signal that it has no handler for.
  const asPid1 = ['--user', '--map-root-user', '--fork', '--pid', '--kill-child'];
  const canBePid1 = spawnSync('unshare', [...asPid1, 'true']).status === 0;
  (canBePid1 ? it : it.skip)('ends by itself as PID 1', async () => {
    const service = startProcess(
      'unshare',
      // The shell hands the signal on; the service is PID 1 of the new namespace.
      [...asPid1, process.execPath, bundle(main)],
      { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', DRAIN_MIN_MS: '100', DRAIN_QUIET_MS: '100' },
    );
    await service.event('ready');
    const pid = Number(
      spawnSync('pgrep', ['-P', String(service.child.pid)])
        .stdout.toString()
        .trim(),
    );
    process.kill(pid, 'SIGTERM');
    expect(await service.exited).toBe(0);
    await service.event('closed');
  });
});
