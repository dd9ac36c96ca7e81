import { afterEach, describe, expect, it } from '@jest/globals';
import type { Account } from '../../../scripts/load/index.ts';
import { runLoad, type LoadOptions } from '../../../scripts/load/index.ts';
import { closedPort, startFaultServer, type Fault, type FaultServer } from './fault-server.ts';

let server: FaultServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function loadOn(
  decide: (request: number) => Fault,
  options: Partial<LoadOptions> = {},
): Promise<Account> {
  server = await startFaultServer(decide);
  return runLoad({
    url: server.url,
    qps: 1000,
    connections: 10,
    durationMs: 500,
    method: 'POST',
    body: '{"drink":"espresso"}',
    ...options,
  });
}

const none = { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 };
const every = (n: number, fault: Fault) => (request: number) => (request % n === 0 ? fault : 'answer');

function expectExact(account: Account): void {
  const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);
  expect(account.sent).toBe(account.ok + account.lost);
  expect(account.sent).toBe(sum(account.byStatus) + sum(account.byError));
  expect(account.lost).toBe(sum(account.byReason));
}

describe('a load', () => {
  it('sends qps x duration requests and loses none of them when every one is answered', async () => {
    const account = await loadOn(() => 'answer');
    expect(account).toMatchObject({ sent: 500, ok: 500, lost: 0, byStatus: { 201: 500 }, byError: none });
    expect(account.byVersion).toEqual({ v1: 500 });
    expect(account.byPod).toEqual({ 'pod-1': 500 });
    expect(account.connectionsOpened).toBe(10);
    expect(server?.total()).toBe(500);
    expect(server?.connections()).toBe(10);
    expectExact(account);
  });

  it('counts exactly the connections that a server drops on every 100th request', async () => {
    const account = await loadOn(every(100, 'reset'), { durationMs: 1000 });
    expect(account).toMatchObject({ sent: 1000, ok: 990, lost: 10, byError: { ...none, reset: 10 } });
    expect(server?.total()).toBe(1000);
    expectExact(account);
  });

  it.each<[Fault, Partial<typeof none>]>([
    ['reset', { reset: 20 }],
    ['fin', { closed: 20 }],
    ['truncate', { truncated: 20 }],
    ['chunked cut', { truncated: 20 }],
    ['garbage', { truncated: 20 }],
    ['silence', { timeout: 20 }],
  ])('puts "%s" into its one class', async (fault, expected) => {
    const account = await loadOn(every(25, fault), { timeoutMs: 1500, connections: 40 });
    expect(account.byError).toEqual({ ...none, ...expected });
    expect(account).toMatchObject({ sent: 500, ok: 480, lost: 20, byStatus: { 201: 480 } });
    expect(server?.total()).toBe(500);
    expectExact(account);
  });

  it('counts a 503 as lost, keeps its words, and keeps its version', async () => {
    const account = await loadOn(every(10, '503'));
    expect(account).toMatchObject({ ok: 450, lost: 50, byStatus: { 201: 450, 503: 50 }, byError: none });
    expect(account.byReason).toEqual({ '503 no healthy upstream': 50 });
    expect(account.byVersion).toEqual({ v1: 500 });
    expectExact(account);
  });

  it('counts a 4xx as lost unless it was expected', async () => {
    expect(await loadOn(every(10, '404'))).toMatchObject({ ok: 450, lost: 50 });
    await server?.close();
    expect(await loadOn(every(10, '404'), { expect: [404] })).toMatchObject({ ok: 500, lost: 0 });
  });

  it('counts a redirect as lost unless it was expected, and says where it leads', async () => {
    const account = await loadOn(every(10, '302'));
    expect(account).toMatchObject({ ok: 450, lost: 50, byStatus: { 201: 450, 302: 50 }, byError: none });
    expect(account.byReason).toEqual({ '302 to /login': 50 });
    expectExact(account);
    await server?.close();
    expect(await loadOn(every(10, '302'), { expect: [302] })).toMatchObject({ ok: 500, lost: 0 });
    await server?.close();
    expect(await loadOn(every(10, '304'))).toMatchObject({ ok: 450, lost: 50, byStatus: { 304: 50 } });
  });

  it('reads chunked answers and answers that last until the end of the connection', async () => {
    const account = await loadOn((request) => (request % 2 ? 'chunked' : 'until close'), { qps: 400 });
    expect(account).toMatchObject({ sent: 200, ok: 200, lost: 0, byStatus: { 200: 200 } });
  });

  it('opens a new connection after an answer that says "Connection: close", and loses nothing by it', async () => {
    const account = await loadOn(every(2, 'answer and close'), { qps: 400 });
    expect(account).toMatchObject({ sent: 200, ok: 200, lost: 0 });
    expect(account.connectionsOpened).toBeGreaterThanOrEqual(100);
    expect(server?.total()).toBe(200);
  });

  it('counts one refused request for each that was due while nobody listens, no more', async () => {
    const port = await closedPort();
    const account = await runLoad({
      url: `http://127.0.0.1:${port}/`,
      qps: 500,
      connections: 10,
      durationMs: 600,
    });
    expect(account).toMatchObject({ sent: 300, ok: 0, lost: 300, byError: { ...none, refused: 300 } });
    expect(account.connectionsOpened).toBe(300);
    expectExact(account);
  });

  it('keeps sending while answers are missing: nothing is left out because the service was slow', async () => {
    let silent = 0;
    const account = await loadOn(() => (silent++ < 5 ? 'silence' : 'answer'), {
      connections: 10,
      timeoutMs: 500,
    });
    expect(account).toMatchObject({ sent: 500, ok: 495, byError: { ...none, timeout: 5 } });
    expect(server?.total()).toBe(500);
  });

  it('counts requests that find every connection busy as late, and those whose turn never comes as timeouts', async () => {
    const account = await loadOn(() => 'silence', {
      connections: 2,
      qps: 100,
      durationMs: 200,
      timeoutMs: 100,
    });
    expect(account).toMatchObject({ sent: 20, lost: 20, byError: { ...none, timeout: 20 } });
    expect(account.late).toBeGreaterThanOrEqual(10);
    expect(account.unsent).toBeGreaterThan(0);
    expect(server?.total()).toBe(20 - account.unsent);
    expectExact(account);
  });

  it('waits for the last answers although the time is over', async () => {
    const account = await loadOn((request) => (request > 95 ? 'silence' : 'answer'), {
      qps: 200,
      timeoutMs: 1500,
    });
    expect(account).toMatchObject({ sent: 100, ok: 95, byError: { ...none, timeout: 5 } });
    expect(account.longestGapMs).toBeGreaterThanOrEqual(1500);
  });

  it('stops becoming due when told, and finishes what was', async () => {
    server = await startFaultServer(() => 'answer');
    const stop = new AbortController();
    const account = await runLoad({
      url: server.url,
      qps: 200,
      connections: 10,
      stop: stop.signal,
      progressEveryMs: 20,
      onProgress: ({ sent }) => sent >= 50 && stop.abort(),
    });
    expect(account.lost).toBe(0);
    expect(account.sent).toBeGreaterThanOrEqual(50);
    expect(account.sent).toBe(server.total());
  });

  it('gives the account so far when broken off, without the requests that have no outcome', async () => {
    server = await startFaultServer((request) => (request > 20 ? 'silence' : 'answer'));
    const abandon = new AbortController();
    const current = server;
    const account = await runLoad({
      url: server.url,
      qps: 200,
      connections: 10,
      abandon: abandon.signal,
      abandonAfterMs: 100,
      progressEveryMs: 20,
      onProgress: () => current.total() >= 30 && abandon.abort(),
    });
    expect(account).toMatchObject({ sent: 20, ok: 20, lost: 0 });
    expect(account.abandoned).toBeGreaterThanOrEqual(10);
  });

  it('draws a timeline in which every request stands at the time it was due', async () => {
    const account = await loadOn(every(50, '503'), { timeline: true });
    expect(account.timeline).toHaveLength(5);
    const heights = account.timeline?.map(({ ok, lost }) => (ok['v1'] ?? 0) + (lost['503'] ?? 0));
    expect(heights).toEqual(new Array(5).fill(100));
    expect(account.losses).toHaveLength(10);
    expect(account.losses?.[0]).toMatchObject({ kind: '503', version: 'v1', pod: 'pod-1' });
  });

  it('tells the timeline piece by piece while it runs, each request once', async () => {
    const told = new Map<number, { ok: number; lost: number }>();
    let pieces = 0;
    const account = await loadOn(every(50, '503'), {
      timeline: true,
      progressEveryMs: 50,
      onProgress({ news = [] }) {
        pieces += 1;
        for (const { atMs, ok, lost } of news) {
          const before = told.get(atMs) ?? { ok: 0, lost: 0 };
          told.set(atMs, { ok: before.ok + (ok['v1'] ?? 0), lost: before.lost + (lost['503'] ?? 0) });
        }
      },
    });
    expect(pieces).toBeGreaterThan(2);
    const slots = [...told].sort(([a], [b]) => a - b);
    expect(slots.map(([atMs, counts]) => ({ atMs, ...counts }))).toEqual(
      account.timeline?.map(({ atMs, ok, lost }) => ({ atMs, ok: ok['v1'] ?? 0, lost: lost['503'] ?? 0 })),
    );
  });
});
