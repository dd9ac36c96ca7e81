import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Lifecycle } from './lifecycle.ts';
import { judge, type QuietRule } from '../shared/quiet.ts';
import type { Traffic } from './traffic.ts';

export interface DrainResult {
  /**
   * `unused`: the pod never became ready, so nobody could be using it.
   * `unprotected`: waiting is switched off.
   */
  outcome: 'quiet' | 'deadline' | 'unused' | 'unprotected';
  durationMs: number;
  servedWhileDraining: number;
}

export interface Drain {
  /**
   * Begins the drain, or joins the one that runs or ran: there is only one. Resolves when the pod may close.
   */
  begin(reason: string, rule?: QuietRule): Promise<DrainResult>;
  /**
   * As `begin`; and if traffic came back after an earlier drain had ended, waits for quiet once more, within
   * what is left of the deadline. SIGTERM uses this, since the kubelet's hook may have ended long ago.
   */
  finish(reason: string, rule?: QuietRule): Promise<DrainResult>;
  /** Until the deadline; all of it before the drain has begun. */
  readonly leftMs: number;
  readonly result: DrainResult | undefined;
  readonly reason: string | undefined;
}

export interface DrainOptions {
  clock: Clock;
  log: Log;
  lifecycle: Lifecycle;
  traffic: Pick<Traffic, 'announceEnd' | 'activity' | 'inFlight' | 'servedSinceAnnounced'>;
  rule: QuietRule;
  /** See `Config.announce`. */
  announce: boolean;
  /** See `Config.waitUntilQuiet`. */
  waitUntilQuiet: boolean;
}

/** Announce the end in-band, keep serving until nobody asks any more, at most until the deadline. */
export function createDrain({ clock, log, lifecycle, traffic, announce, ...options }: DrainOptions): Drain {
  let running: Promise<DrainResult> | undefined;
  let result: DrainResult | undefined;
  let firstReason: string | undefined;
  let beganAt = 0;
  let rule = options.rule;
  let hurry = new AbortController();

  const untilQuiet = async (): Promise<'quiet' | 'deadline'> => {
    for (;;) {
      const verdict = judge(rule, beganAt, traffic.activity(), clock.now());
      if (verdict.over) return verdict.over;
      await clock.wait(verdict.checkAgainInMs, hurry.signal);
    }
  };

  const drain = async (): Promise<DrainResult> => {
    const wasReady = lifecycle.state !== 'starting';
    lifecycle.enter('draining');
    if (announce) traffic.announceEnd();
    log.info('draining', { reason: firstReason, ...rule, inFlight: traffic.inFlight });
    const outcome = !wasReady ? 'unused' : options.waitUntilQuiet ? await untilQuiet() : 'unprotected';
    if (outcome === 'quiet') lifecycle.enter('quiet');
    result = {
      outcome,
      durationMs: Math.round(clock.now() - beganAt),
      servedWhileDraining: traffic.servedSinceAnnounced,
    };
    log[outcome === 'deadline' ? 'warn' : 'info']('drained', { ...result, inFlight: traffic.inFlight });
    return result;
  };

  const begin = (reason: string, wanted?: QuietRule): Promise<DrainResult> => {
    if (running) {
      if (wanted) {
        // A shorter rule replaces the one being waited for; its deadline counts from now.
        rule = { ...wanted, deadlineMs: clock.now() - beganAt + wanted.deadlineMs };
        hurry.abort();
        hurry = new AbortController();
      }
      return running;
    }
    firstReason = reason;
    rule = wanted ?? options.rule;
    beganAt = clock.now();
    running = drain();
    return running;
  };

  return {
    begin,
    async finish(reason, wanted) {
      const first = await begin(reason, wanted);
      if (first.outcome !== 'quiet') return first;
      const outcome = await untilQuiet();
      return outcome === 'quiet' ? first : { ...first, outcome };
    },
    get leftMs() {
      return running ? Math.max(0, beganAt + rule.deadlineMs - clock.now()) : rule.deadlineMs;
    },
    get result() {
      return result;
    },
    get reason() {
      return firstReason;
    },
  };
}
