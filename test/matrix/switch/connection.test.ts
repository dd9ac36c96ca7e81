/** The way to the API server breaks, crawls, or loses its streams while a switch runs. */
import net from 'node:net';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectCluster } from '../../../scripts/shared/cluster/cluster.ts';
import { STEP_TIMEOUT_MS, useWeather } from './weather.ts';

const weather = useWeather();
const full = process.env['MATRIX'] === 'full';
const steps = full
  ? ['deploy-version', 'add-subset', 'shift-traffic', 'drain-old', 'remove-subset', 'delete-old']
  : ['deploy-version', 'shift-traffic', 'delete-old'];
const isShiftedBefore = (step: string) => ['drain-old', 'remove-subset', 'delete-old'].includes(step);
const nexts = ['resume', 'undo'] as const;

describe('the connection to the API server', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'switch-relay-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A way to the API server that can be cut. */
  async function startRelay() {
    const { port } = new URL(weather.coffee.playground.server);
    const open = new Set<net.Socket>();
    let isCut = false;
    const relay = net.createServer((socket) => {
      if (isCut) {
        socket.destroy();
        return;
      }
      const further = net.connect(Number(port), '127.0.0.1');
      for (const [one, two] of [
        [socket, further],
        [further, socket],
      ] as const) {
        open.add(one);
        one
          .on('error', () => undefined)
          .on('close', () => {
            open.delete(one);
            two.destroy();
          });
        one.pipe(two);
      }
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port: own } = relay.address() as net.AddressInfo;
    const kubeconfig = path.join(folder, `relay-${own}`);
    writeFileSync(
      kubeconfig,
      readFileSync(weather.coffee.playground.kubeconfig, 'utf8').replaceAll(
        weather.coffee.playground.server,
        `https://127.0.0.1:${own}`,
      ),
    );
    const cluster = await connectCluster(
      { kubeconfigs: [kubeconfig] },
      { fieldManager: 'zero-downtime-switch', retryForMs: 4000 },
    );
    return {
      cluster,
      cut(forMs?: number) {
        isCut = true;
        for (const socket of open) socket.destroy();
        if (forMs !== undefined) setTimeout(() => (isCut = false), forMs);
      },
      async close() {
        await cluster.close();
        for (const socket of open) socket.destroy();
        relay.close();
      },
    };
  }

  it.each(steps)('is lost for a second in %s: the switch goes on', async (step) => {
    const relay = await startRelay();
    try {
      const told = await weather.switchWhile(
        { [step]: () => relay.cut(1000) },
        { cluster: relay.cluster, leaseSeconds: 10 },
      );
      await weather.expectSwitched(told);
    } finally {
      await relay.close();
    }
  });

  it.each(steps.flatMap((step) => nexts.map((next) => ({ step, next }))))(
    'is lost for good in $step: it stops, and the next run from elsewhere ends it by $next',
    async ({ step, next }) => {
      const relay = await startRelay();
      try {
        const { result, account } = await weather.switchWhile(
          { [step]: () => relay.cut() },
          { cluster: relay.cluster, stepTimeoutMs: STEP_TIMEOUT_MS, leaseSeconds: 3 },
        );
        expect({ live: result.live, why: result.error, said: result.message }).toMatchObject({
          live: undefined,
        });
        expect(result).toMatchObject({ ok: false, outcome: 'stopped' });
        expect(result.message).toMatch(
          /Who serves cannot be read now; when last seen it was v\d\. Go on with/,
        );
        expect(account).toMatchObject({ lost: 0 });
      } finally {
        await relay.close();
      }
      if (next === 'resume') await weather.expectSwitched(await weather.switchWhile({}));
      // Nothing of the step itself has been done: before the old
      // version is deleted there is always a way back.
      else await weather.expectTakenBack(await weather.switchWhile({}, { undo: true }));
    },
  );
});

describe('every answer of the API server', () => {
  it.each(steps)(
    'comes 30 s late from %s on: it gives up in bounded time, the next run ends it',
    async (step) => {
      const { coffee, from, to } = weather;
      // With the time-outs everybody has, of 10 s per call.
      const cluster = await connectCluster(
        { kubeconfigs: [coffee.playground.kubeconfig] },
        { fieldManager: 'zero-downtime-switch' },
      );
      try {
        const { result, account } = await weather.switchWhile(
          { [step]: () => (coffee.onRequest = () => ({ delayMs: 30_000 })) },
          { cluster },
        );
        expect(result).toMatchObject({ ok: false, outcome: 'stopped', live: undefined });
        // Before any call has run out of its patience, nobody knows any more who the operator is.
        expect(result.error).toBe('The Lease switch-coffee-shop could not be renewed; this run stops.');
        expect(result.message).toContain(
          `Who serves cannot be read now; when last seen it was ${isShiftedBefore(step) ? to : from}. Go on with`,
        );
        expect(account).toMatchObject({ lost: 0, byReason: {} });
      } finally {
        coffee.onRequest = undefined;
        await cluster.close();
      }
      await weather.expectSwitched(await weather.switchWhile({}));
    },
    240_000,
  );

  it('comes half a second late: the switch takes its time', async () => {
    weather.coffee.onRequest = () => ({ delayMs: 500 });
    const told = await weather.switchWhile({}, { stepTimeoutMs: 60_000, leaseSeconds: 10 });
    await weather.expectSwitched(told);
  }, 240_000);

  it('is never a watch, which could break off or be 410 Gone: a switch looks, and opens none', async () => {
    const looks: string[] = [];
    const watches: string[] = [];
    weather.coffee.onRequest = ({ method, path, query, target }) => {
      if (query.has('watch') || target?.watchPath === true) watches.push(path);
      else if (method === 'GET') looks.push(path);
      return undefined;
    };
    await weather.expectSwitched(await weather.switchWhile({}));
    expect(watches).toEqual([]);
    expect(looks.length).toBeGreaterThan(20);
  });
});
