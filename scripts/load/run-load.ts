import { performance } from 'node:perf_hooks';
import { messageOf } from '../shared/errors.ts';
import { unfailing } from '../shared/unfailing.ts';
import type { Account } from './account.ts';
import { loadDefaults, verifyLoadOptions, type LoadOptions, type LoadProgress } from './load-options.ts';
import { describeOwnLimit, readMachineLimits } from './own-limits.ts';
import { createPool } from './pool.ts';
import { createSchedule } from './schedule.ts';
import { createTally } from './tally.ts';
import { prepareTarget } from './target.ts';

/**
 * Sends `qps` requests per second whatever the answers do, and reports what became of each. No request is
 * ever retried. Bounded: it ends at the latest two timeouts after the last request was due. A limit of this
 * machine aborts it: requests that could not be sent for that reason are counted as abandoned, not as lost.
 */
export async function runLoad(options: LoadOptions): Promise<Account> {
  verifyLoadOptions(options);
  const { url, qps, connections, durationMs, headers = {}, body } = options;
  const method = options.method ?? loadDefaults.method;
  const timeoutMs = options.timeoutMs ?? loadDefaults.timeoutMs;
  const pool = createPool(
    connections,
    timeoutMs,
    prepareTarget({ url, method, headers, body, tls: options.tls }),
  );
  const total = durationMs === undefined ? Infinity : Math.max(1, Math.round((qps * durationMs) / 1000));
  const schedule = createSchedule(qps, total);
  const { onProgress, observe } = unfailing(
    { onProgress: options.onProgress, observe: options.observe },
    (error) =>
      process.emitWarning(`A listener of the load failed, and the load goes on: ${messageOf(error)}`),
  );
  const tally = createTally({
    expect: new Set(options.expect),
    timeline: options.timeline ?? false,
    observe,
  });

  const startedAt = new Date();
  const t0 = performance.now();
  const elapsed = (): number => performance.now() - t0;

  // Requests become due and begin in the order of their numbers: these counters are the whole backlog.
  let limit = total;
  let due = 0;
  let begun = 0;
  let late = 0;
  let unsent = 0;
  let lastBegunMs = 0;
  let lastEndMs = 0;
  let giveUpAtMs = Infinity;
  /** Requests that this machine could not send, and the resource that it ran out of. */
  let unable = 0;
  let shortOf: string | undefined;

  const begin = (now: number): boolean => {
    const dueMs = schedule.dueMs(begun);
    const taken = pool.trySend(now, (ending) => {
      if (ending.kind === 'own-limit') {
        unable += 1;
        breakOff(ending.code);
        return;
      }
      lastEndMs = elapsed();
      tally.add(ending, { dueMs, sentMs: now, endMs: lastEndMs });
      beginWaiting();
    });
    if (taken) {
      begun += 1;
      lastBegunMs = now;
    }
    return taken;
  };

  const beginWaiting = (): void => {
    while (shortOf === undefined && begun < due && begin(elapsed()));
  };

  const becomeDue = (now: number): void => {
    const before = due;
    due = Math.min(limit, schedule.dueAfter(now));
    beginWaiting();
    late += Math.max(0, due - Math.max(begun, before));
  };

  const expire = (now: number): void => {
    pool.expire(now);
    while (shortOf === undefined && begun < due && now - schedule.dueMs(begun) >= timeoutMs) {
      const dueMs = schedule.dueMs(begun);
      begun += 1;
      unsent += 1;
      lastEndMs = now;
      tally.add(
        { kind: 'timeout', reason: `no free connection within ${timeoutMs} ms` },
        { dueMs, sentMs: now, endMs: now },
      );
    }
  };

  const breakOff = (code: string): void => {
    if (shortOf !== undefined) return;
    shortOf = code;
    limit = due;
    giveUpAtMs = elapsed() + (options.abandonAfterMs ?? loadDefaults.abandonAfterMs);
  };
  const stopNow = (): void => {
    if (limit !== total) return;
    becomeDue(elapsed());
    limit = due;
  };
  const abandonNow = (): void => {
    stopNow();
    giveUpAtMs = elapsed() + (options.abandonAfterMs ?? loadDefaults.abandonAfterMs);
  };
  options.stop?.addEventListener('abort', stopNow);
  options.abandon?.addEventListener('abort', abandonNow);
  if (options.stop?.aborted) stopNow();
  if (options.abandon?.aborted) abandonNow();

  const progress = (): LoadProgress => {
    const news = tally.takeNews();
    return {
      ...tally.counts,
      elapsedMs: elapsed(),
      inFlight: pool.busy,
      waiting: due - begun,
      ...(news ? { news } : {}),
    };
  };

  await new Promise<void>((resolve) => {
    let progressAtMs = 0;
    const tick = (): void => {
      becomeDue(elapsed());
      // After a stall of this process, answers may already be in the
      // socket buffers: read them before timing anything out.
      setImmediate(afterReading, elapsed());
    };
    const afterReading = (now: number): void => {
      expire(now);
      const allBegun = begun === due || shortOf !== undefined;
      const over = (due >= limit && allBegun && pool.busy === 0) || now >= giveUpAtMs;
      if (over || now >= progressAtMs) {
        progressAtMs = now + (options.progressEveryMs ?? loadDefaults.progressEveryMs);
        onProgress?.(progress());
      }
      if (over) {
        resolve();
        return;
      }
      // Timers have a resolution of 1 ms: all requests that became due meanwhile start together.
      const nextMs = due >= limit ? now + 10 : Math.min(schedule.dueMs(due), now + 10);
      setTimeout(tick, Math.max(1, nextMs - elapsed()));
    };
    tick();
  });

  const abandoned = due - begun + pool.busy + unable;
  options.stop?.removeEventListener('abort', stopNow);
  options.abandon?.removeEventListener('abort', abandonNow);
  const started = begun - unsent - unable;
  const connectionsOpened = pool.opened;
  // Close the sockets before reading the limits: that opens a file.
  pool.close();
  const account: Account = {
    ...tally.toAccount(abandoned > 0 ? elapsed() : lastEndMs),
    qps: started === 0 ? 0 : round(started / ((lastBegunMs + 1000 / qps) / 1000)),
    startedAt: startedAt.toISOString(),
    late,
    unsent,
    abandoned,
    connectionsOpened,
    connections,
    requestedQps: qps,
    method,
    url,
    ...(shortOf === undefined
      ? {}
      : { ownLimit: describeOwnLimit(shortOf, readMachineLimits(), hasAnswers(tally.counts.byStatus)) }),
  };
  return account;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const hasAnswers = (byStatus: Record<string, number>): boolean => Object.keys(byStatus).length > 0;
