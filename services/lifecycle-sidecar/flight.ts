import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { judge, type QuietRule } from '../shared/quiet.ts';
import { composeRecord, type FlightRecord, type Moments } from './flight-record.ts';
import type { Look, Watch } from './watch.ts';

export interface FlightOptions {
  pod: string;
  watch: Watch;
  clock: Clock;
  log: Log;
  rule: QuietRule;
  pollMs: number;
  /** How long to wait for the app's end after the hook was answered. */
  graceMs: number;
  /** Resolves when this pod is no ready endpoint any more; undefined: nobody watches. */
  endpointGone: ((signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * Keeps the record where it outlives this process; called with a first version, and again with the last.
   */
  keep: (record: FlightRecord) => void;
}

/** A pod's last seconds, from the hook to the app's end. */
export interface Flight {
  /** Drains the app and resolves when the hook may be answered, at the latest at the rule's deadline. */
  untilDrained(): Promise<FlightRecord>;
  /** Resolves with the final record when the app is gone, or no longer waited for. */
  untilGone(): Promise<FlightRecord>;
  /** The sidecar was told to end. */
  noteSigterm(): void;
}

// One refusal may be an overload; two in a row are an end.
const refusalsThatMeanGone = 2;

/** Begun by SIGTERM, it only watches; the drain begins with the first `untilDrained`. */
export function beginFlight(began: FlightRecord['began'], options: FlightOptions): Flight {
  const { watch, clock, log, rule, pollMs, graceMs } = options;
  const moments: Moments = { beganAt: clock.now() };
  const beganAtWallClock = new Date();
  const over = new AbortController();
  let outcome: string | undefined;
  let trouble: string | undefined;
  let refusals = 0;

  const record = (): FlightRecord => {
    const { pod } = options;
    const account = watch.account();
    return composeRecord({
      pod,
      watch: watch.name,
      began,
      beganAtWallClock,
      outcome,
      moments,
      account,
      trouble,
    });
  };

  const look = async (): Promise<Look> => {
    const seen = await watch.look();
    refusals = seen.app === 'gone' ? refusals + 1 : 0;
    if (seen.app === 'unknown' && seen.reason !== trouble) {
      trouble = seen.reason;
      log.warn('app not seen', { reason: trouble });
    }
    return seen;
  };
  const isGone = (): boolean => refusals >= refusalsThatMeanGone;

  const drain = async (): Promise<string> => {
    let asked = false;
    for (;;) {
      asked ||= await watch.beginDrain();
      const seen = await look();
      const now = clock.now();
      if (isGone()) return 'app-gone';
      if (seen.app === 'drained') return seen.outcome;
      if (seen.app === 'serving') {
        const verdict = judge(rule, moments.beganAt, seen.activity, now);
        if (verdict.over === 'quiet') moments.quietAt = now;
        if (verdict.over) return verdict.over;
      }
      const leftMs = moments.beganAt + rule.deadlineMs - now;
      if (leftMs <= 0) return 'deadline';
      await clock.wait(Math.min(pollMs, leftMs));
    }
  };

  const answerTheHook = async (): Promise<FlightRecord> => {
    log.info('pre-stop', { watch: watch.name, ...rule });
    outcome = await drain();
    moments.answeredAt = clock.now();
    log.info('pre-stop answered', { outcome, afterMs: Math.round(moments.answeredAt - moments.beganAt) });
    // Persisted here too: the next signal may be SIGKILL.
    options.keep(record());
    return record();
  };
  let hook: Promise<FlightRecord> | undefined;
  const untilDrained = (): Promise<FlightRecord> => (hook ??= answerTheHook());
  if (began === 'preStop') void untilDrained();

  const landing = async (): Promise<FlightRecord> => {
    await hook;
    const from = clock.now();
    while (!isGone() && clock.now() - from < graceMs) {
      await look();
      if (!isGone()) await clock.wait(Math.min(pollMs, 100));
      // The hook may come after SIGTERM, when the sidecar is a container like any other.
      await hook;
    }
    if (isGone()) moments.exitAt = clock.now();
    over.abort();
    const last = record();
    options.keep(last);
    log.info('flight record', { ...last });
    return last;
  };
  const landed = landing();

  void options.endpointGone?.(over.signal).then(() => {
    if (!over.signal.aborted) moments.endpointGoneAt = clock.now();
  });

  return {
    untilDrained,
    untilGone: () => landed,
    noteSigterm() {
      moments.sigtermAt ??= clock.now();
    },
  };
}
