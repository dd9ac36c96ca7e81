import { beforeEach, describe, expect, it } from '@jest/globals';
import { createDrain, type DrainResult } from '../../../services/graceful/drain.ts';
import { createLifecycle, type Lifecycle } from '../../../services/graceful/lifecycle.ts';
import type { Activity } from '../../../services/shared/quiet.ts';
import { silentLog } from '../../../services/shared/log.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const rule = { minMs: 5_000, quietMs: 2_000, deadlineMs: 20_000 };
let clock: ManualClock;
let lifecycle: Lifecycle;
let activity: Activity;
let announcements: number;

function create(options: { announce?: boolean; waitUntilQuiet?: boolean } = {}) {
  const traffic = {
    announceEnd: () => (announcements += 1),
    activity: () => activity,
    inFlight: 0,
    servedSinceAnnounced: 7,
  };
  return createDrain({
    clock,
    log: silentLog,
    lifecycle,
    traffic,
    rule,
    announce: true,
    waitUntilQuiet: true,
    ...options,
  });
}

/** Looks at a promise without waiting for it. */
function watch(promise: Promise<DrainResult>): () => DrainResult | undefined {
  let seen: DrainResult | undefined;
  void promise.then((result) => (seen = result));
  return () => seen;
}

beforeEach(() => {
  clock = createManualClock();
  lifecycle = createLifecycle(clock);
  lifecycle.enter('ready');
  activity = { active: 0, lastAt: -Infinity };
  announcements = 0;
});

describe('the drain', () => {
  it('announces the end at once and is quiet after the minimum', async () => {
    const result = watch(create().begin('test'));
    expect(lifecycle.state).toBe('draining');
    expect(announcements).toBe(1);
    await clock.advance(4_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()).toEqual({ outcome: 'quiet', durationMs: 5_000, servedWhileDraining: 7 });
    expect(lifecycle.state).toBe('quiet');
  });

  it('waits quietMs from the last request', async () => {
    const result = watch(create().begin('test'));
    await clock.advance(4_000);
    activity = { active: 1, lastAt: clock.now() };
    await clock.advance(2_500);
    activity = { active: 0, lastAt: clock.now() };
    await clock.advance(1_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()?.outcome).toBe('quiet');
    expect(result()?.durationMs).toBe(8_500);
  });

  it('goes on at the deadline with a request still running, without calling that quiet', async () => {
    activity = { active: 1, lastAt: clock.now() };
    const result = watch(create().begin('test'));
    await clock.advance(19_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()?.outcome).toBe('deadline');
    expect(lifecycle.state).toBe('draining');
  });

  it('is one drain, however often it is begun', async () => {
    const drain = create();
    const first = watch(drain.begin('preStop'));
    await clock.advance(3_000);
    const second = watch(drain.finish('SIGTERM'));
    expect(announcements).toBe(1);
    await clock.advance(2_000);
    expect(first()?.durationMs).toBe(5_000);
    expect(second()).toEqual(first());
    expect(drain.reason).toBe('preStop');
  });

  it('is finished at once if it was over and nothing came since', async () => {
    const drain = create();
    void drain.begin('preStop');
    await clock.advance(60_000);
    const result = watch(drain.finish('SIGTERM'));
    await clock.advance(0);
    expect(result()?.outcome).toBe('quiet');
  });

  it('waits once more, within the deadline, if traffic came back before SIGTERM', async () => {
    const drain = create();
    void drain.begin('preStop');
    await clock.advance(6_000);
    activity = { active: 0, lastAt: clock.now() };
    const result = watch(drain.finish('SIGTERM'));
    await clock.advance(1_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()?.outcome).toBe('quiet');
  });

  it('stops waiting for traffic that came back at the deadline', async () => {
    const drain = create();
    void drain.begin('preStop');
    await clock.advance(6_000);
    activity = { active: 1, lastAt: clock.now() };
    const result = watch(drain.finish('SIGTERM'));
    await clock.advance(13_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()?.outcome).toBe('deadline');
  });

  it('knows how much of its deadline is left, from its own beginning', async () => {
    const drain = create();
    await clock.advance(60_000);
    expect(drain.leftMs).toBe(20_000);
    void drain.begin('preStop');
    await clock.advance(6_000);
    expect(drain.leftMs).toBe(14_000);
    await clock.advance(60_000);
    expect(drain.leftMs).toBe(0);
  });

  it('does not wait when the pod was never ready', async () => {
    lifecycle = createLifecycle(clock);
    const result = await create().begin('SIGTERM');
    expect(result).toEqual({ outcome: 'unused', durationMs: 0, servedWhileDraining: 7 });
  });

  it('hurries a running drain after an uncaught error, counting from then', async () => {
    const drain = create();
    activity = { active: 1, lastAt: clock.now() };
    const result = watch(drain.begin('preStop'));
    await clock.advance(10_000);
    void drain.begin('uncaught error', { minMs: 0, quietMs: 500, deadlineMs: 2_000 });
    await clock.advance(1_999);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(result()).toMatchObject({ outcome: 'deadline', durationMs: 12_000 });
  });

  it('neither announces nor waits when a negative control says so', async () => {
    const result = await create({ announce: false, waitUntilQuiet: false }).begin('test');
    expect(result.outcome).toBe('unprotected');
    expect(announcements).toBe(0);
  });
});
