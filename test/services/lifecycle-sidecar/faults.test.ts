import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKeepAliveLoad } from '../../../scripts/shared/callers/strict-callers.ts';
import { startLateNetwork } from '../../../scripts/shared/callers/late-network.ts';
import { type CoffeeShop, killLeftovers, startCoffeeShop } from '../../support/service-process.ts';
import { beside, preStop, type SidecarProcess, startSidecar } from '../../support/sidecar.ts';

afterAll(killLeftovers);

const patient = { DRAIN_MIN_MS: '1000', DRAIN_QUIET_MS: '800' };

/** Ends a pod of app and sidecar under load as `end` says, while new connections move to another pod late. */
async function endPodUnderLoad(end: (shop: CoffeeShop, sidecar: SidecarProcess) => Promise<void>) {
  const [shop, next] = await Promise.all([startCoffeeShop(patient), startCoffeeShop({ VERSION: 'v2' })]);
  const sidecar = await startSidecar(beside(shop));
  const network = await startLateNetwork(shop.port, 10);
  const load = startKeepAliveLoad({ port: network.port, connections: 50, pauseMs: 70 });
  await new Promise((resolve) => setTimeout(resolve, 400));
  setTimeout(() => {
    network.pointTo(next.port);
  }, 300);
  await end(shop, sidecar);
  const exit = await shop.exited;
  const { lost, byKind, byVersion } = await load.stop();
  await network.close();
  return { lost, byKind, exit, servedByNext: byVersion.v2 ?? 0, sidecar };
}

const lossless = { lost: 0, byKind: {}, exit: 0 };

describe('no request is lost', () => {
  afterEach(killLeftovers);

  it('when everything works', async () => {
    const result = await endPodUnderLoad(async (shop, sidecar) => {
      expect(await preStop(sidecar)).toMatchObject({ outcome: 'quiet' });
      shop.signal('SIGTERM');
    });
    expect(result).toMatchObject(lossless);
    expect(result.servedByNext).toBeGreaterThan(0);
    const record = await result.sidecar.event('flight record');
    expect(record.servedWhileDraining).toBeGreaterThan(10);
  });

  it('when the sidecar is killed in the middle of the hook', async () => {
    const result = await endPodUnderLoad(async (shop, sidecar) => {
      const hook = preStop(sidecar);
      await shop.event('draining');
      sidecar.signal('SIGKILL');
      // What the kubelet does with a hook that fails.
      await expect(hook).rejects.toThrow();
      shop.signal('SIGTERM');
    });
    expect(result).toMatchObject(lossless);
  });

  it('when there is no sidecar to be called any more', async () => {
    const result = await endPodUnderLoad(async (shop, sidecar) => {
      sidecar.signal('SIGKILL');
      await sidecar.exited;
      await expect(preStop(sidecar)).rejects.toThrow();
      shop.signal('SIGTERM');
    });
    expect(result).toMatchObject(lossless);
  });
});

// Each waits for a process of its own: side by side.
describe('the hook is answered, and the record kept,', () => {
  it.concurrent('when the app is killed in the middle of its drain', async () => {
    const shop = await startCoffeeShop({ DRAIN_MIN_MS: '8000' });
    const sidecar = await startSidecar(beside(shop));
    const hook = preStop(sidecar);
    await shop.event('draining');
    shop.signal('SIGKILL');
    expect(await hook).toMatchObject({ outcome: 'app-gone' });
    const { afterMs } = await sidecar.event('flight record');
    expect((afterMs as Record<string, number>).exit).toBeLessThan(5_000);
  });

  it.concurrent('when the app hangs in its drain, at the deadline', async () => {
    const shop = await startCoffeeShop({ DRAIN_MIN_MS: '8000' });
    const sidecar = await startSidecar({
      ...beside(shop),
      PRE_STOP_DEADLINE_MS: '4000',
      // Long enough that the drain is heard of even where many processes start at once.
      LOOK_TIMEOUT_MS: '1500',
    });
    const hook = preStop(sidecar);
    await shop.event('draining');
    shop.signal('SIGSTOP');
    const answer = await hook;
    expect(answer.outcome).toBe('deadline');
    expect(answer.trouble).toMatch(/did not answer within 1500 ms/);
    expect(answer.afterMs.answered).toBeGreaterThanOrEqual(4_000);
    // Well below the 8 s that the drain itself would take at least.
    expect(answer.afterMs.answered).toBeLessThan(7_800);
    expect(sidecar.terminationMessage()).toMatchObject({ outcome: 'deadline' });
  });

  it.concurrent.each([
    ['no JSON', 'coffee'],
    ['JSON of another kind', '[1,2,3]'],
    ['a state that is none', '{"state":7,"drained":[]}'],
  ])('when the app answers %s, at the deadline', async (_what, body) => {
    const garbage = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    const { port } = garbage.address() as AddressInfo;
    const sidecar = await startSidecar({
      APP_ADMIN_URL: `http://127.0.0.1:${port}`,
      WATCH: 'lifecycle',
      PRE_STOP_DEADLINE_MS: '700',
    });
    const answer = await preStop(sidecar);
    garbage.close();
    garbage.closeAllConnections();
    expect(answer.outcome).toBe('deadline');
    expect(answer.trouble).not.toBeNull();
  });

  it.concurrent('when the app never stops answering one request', async () => {
    const endless = createServer((_request, response) => {
      const more = setInterval(() => response.write('{'), 5);
      response.on('close', () => {
        clearInterval(more);
      });
    });
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    const { port } = endless.address() as AddressInfo;
    const sidecar = await startSidecar({
      APP_ADMIN_URL: `http://127.0.0.1:${port}`,
      WATCH: 'lifecycle',
      PRE_STOP_DEADLINE_MS: '700',
      LOOK_TIMEOUT_MS: '200',
    });
    expect(await preStop(sidecar)).toMatchObject({ outcome: 'deadline' });
    endless.close();
    endless.closeAllConnections();
  });

  it.concurrent('when the wall clock jumps', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clock-jump-'));
    const shim = join(folder, 'jump.cjs');
    writeFileSync(
      shim,
      'const now = Date.now; let ahead = false; setInterval(() => { ahead = !ahead; }, 7).unref(); Date.now = () => now() + (ahead ? 1 : -1) * 86400000;',
    );
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar({ ...beside(shop), NODE_OPTIONS: `--require ${shim}` });
    const { outcome, afterMs } = await preStop(sidecar);
    expect(outcome).toBe('quiet');
    expect(afterMs.answered).toBeGreaterThanOrEqual(600);
    expect(afterMs.answered).toBeLessThan(5_000);
    rmSync(folder, { recursive: true });
  });

  it.concurrent('when the disk is full: then the log has the record', async () => {
    const shop = await startCoffeeShop();
    // Every write to it fails with ENOSPC.
    const sidecar = await startSidecar({ ...beside(shop), TERMINATION_LOG: '/dev/full' });
    expect(await preStop(sidecar)).toMatchObject({ outcome: 'quiet' });
    expect((await sidecar.event('flight record not written')).error).toMatchObject({ code: 'ENOSPC' });
    shop.signal('SIGTERM');
    expect(await sidecar.event('flight record')).toMatchObject({ outcome: 'quiet' });
  });

  it.concurrent('when nobody reads the log: then the termination message has the record', async () => {
    const shop = await startCoffeeShop();
    const sidecar = await startSidecar({ ...beside(shop), LOG_LEVEL: 'debug' });
    sidecar.child.stdout?.destroy();
    expect(await preStop(sidecar)).toMatchObject({ outcome: 'quiet' });
    shop.signal('SIGTERM');
    await shop.exited;
    sidecar.signal('SIGTERM');
    expect(await new Promise((resolve) => sidecar.child.once('exit', resolve))).toBe(0);
    expect(sidecar.terminationMessage()?.afterMs.exit).toBeGreaterThan(0);
  });
});
