import { beforeEach, describe, expect, it } from '@jest/globals';
import { beginFlight, type Flight } from '../../../services/lifecycle-sidecar/flight.ts';
import type { FlightRecord } from '../../../services/lifecycle-sidecar/flight-record.ts';
import type { Account, Look } from '../../../services/lifecycle-sidecar/watch.ts';
import { silentLog } from '../../../services/shared/log.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const rule = { minMs: 5_000, quietMs: 2_000, deadlineMs: 25_000 };
let clock: ManualClock;
let seen: Look;
let account: Account;
let asked: number;
let kept: FlightRecord[];
let endpointGone: (() => void) | undefined;

function begin(began: 'preStop' | 'SIGTERM' = 'preStop'): Flight {
  return beginFlight(began, {
    pod: 'coffee-1',
    watch: {
      name: 'test',
      beginDrain: () => Promise.resolve((asked += 1) > 0),
      look: () => Promise.resolve(seen),
      account: () => account,
      works: () => Promise.resolve(true),
    },
    clock,
    log: silentLog,
    rule,
    pollMs: 250,
    graceMs: 45_000,
    endpointGone: () => new Promise((resolve) => (endpointGone = resolve)),
    keep: (record) => kept.push(record),
  });
}

/** Looks at a promise without waiting for it. */
function watch(promise: Promise<FlightRecord>): () => FlightRecord | undefined {
  let result: FlightRecord | undefined;
  void promise.then((record) => (result = record));
  return () => result;
}

const idle = (lastAt = -Infinity): Look => ({ app: 'serving', activity: { active: 0, lastAt } });
const busy = (): Look => ({ app: 'serving', activity: { active: 1, lastAt: clock.now() } });

beforeEach(() => {
  clock = createManualClock();
  seen = { app: 'draining' };
  account = {};
  asked = 0;
  kept = [];
});

describe('a flight that the hook began', () => {
  it('asks the app to drain, and holds the hook until the app says that it is drained', async () => {
    const answer = watch(begin().untilDrained());
    await clock.advance(9_900);
    expect(asked).toBe(1);
    expect(answer()).toBeUndefined();
    seen = { app: 'drained', outcome: 'quiet' };
    await clock.advance(250);
    expect(answer()).toMatchObject({ outcome: 'quiet', afterMs: { answered: 10_000, exit: null } });
  });

  it('judges by the quiet rule an app that cannot tell', async () => {
    seen = busy();
    const answer = watch(begin().untilDrained());
    await clock.advance(6_000);
    seen = idle(clock.now());
    await clock.advance(1_900);
    expect(answer()).toBeUndefined();
    await clock.advance(250);
    expect(answer()).toMatchObject({ outcome: 'quiet', afterMs: { quiet: 8_000 } });
  });

  it.each<[string, () => Look]>([
    ['hangs or answers garbage', () => ({ app: 'unknown', reason: 'no answer' })],
    ['never ends its drain', () => ({ app: 'draining' })],
    ['is never quiet', busy],
  ])('answers at the deadline when the app %s', async (_what, look) => {
    seen = look();
    const answer = watch(begin().untilDrained());
    await clock.advance(24_999);
    expect(answer()).toBeUndefined();
    await clock.advance(1);
    expect(answer()).toMatchObject({ outcome: 'deadline', afterMs: { answered: 25_000 } });
  });

  it('answers as soon as the app is gone, which one refusal does not prove', async () => {
    const answer = watch(begin().untilDrained());
    await clock.advance(0);
    seen = { app: 'gone' };
    await clock.advance(250);
    seen = { app: 'draining' };
    await clock.advance(1_000);
    expect(answer()).toBeUndefined();
    seen = { app: 'gone' };
    await clock.advance(500);
    expect(answer()).toMatchObject({ outcome: 'app-gone' });
  });

  it('keeps a record when the hook is answered, and the last one when the app is gone', async () => {
    const flight = begin();
    const began = clock.now();
    const last = watch(flight.untilGone());
    await clock.advance(1_000);
    endpointGone?.();
    await clock.advance(4_000);
    seen = { app: 'drained', outcome: 'quiet' };
    account = { quietAt: clock.now(), lastRequestAt: began + 3_000, servedWhileDraining: 42 };
    await clock.advance(1_000);
    expect(kept).toHaveLength(1);
    expect(last()).toBeUndefined();
    account = { ...account, signalledAt: clock.now(), cut: { requests: 1, connections: 2 } };
    seen = { app: 'gone' };
    await clock.advance(200);
    expect(last()).toMatchObject({
      began: 'preStop',
      outcome: 'quiet',
      afterMs: { endpointGone: 1_000, lastRequest: 3_000, quiet: 5_000, answered: 5_250, sigterm: 6_000 },
      servedWhileDraining: 42,
      cut: { requests: 1, connections: 2 },
    });
    expect(last()?.afterMs.exit).toBeGreaterThanOrEqual(6_000);
    expect(kept.at(-1)).toEqual(last());
  });

  it('stops waiting for the end of an app that stays', async () => {
    seen = { app: 'drained', outcome: 'quiet' };
    const last = watch(begin().untilGone());
    await clock.advance(44_000);
    expect(last()).toBeUndefined();
    await clock.advance(2_000);
    expect(last()?.afterMs.exit).toBeNull();
  });
});

describe('a flight that SIGTERM began', () => {
  it('only watches, and does not ask the app to drain', async () => {
    const flight = begin('SIGTERM');
    flight.noteSigterm();
    const last = watch(flight.untilGone());
    await clock.advance(3_000);
    expect(asked).toBe(0);
    seen = { app: 'gone' };
    await clock.advance(300);
    expect(last()).toMatchObject({ began: 'SIGTERM', outcome: null, afterMs: { sigterm: 0 } });
  });

  it('drains after all if the hook comes later', async () => {
    const flight = begin('SIGTERM');
    await clock.advance(1_000);
    const answer = watch(flight.untilDrained());
    await clock.advance(1_000);
    expect(asked).toBe(1);
    expect(answer()).toBeUndefined();
    seen = { app: 'drained', outcome: 'quiet' };
    await clock.advance(250);
    expect(answer()).toMatchObject({ outcome: 'quiet' });
  });
});
