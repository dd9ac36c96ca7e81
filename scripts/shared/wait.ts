import { setMaxListeners } from 'node:events';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { LONGEST_TIMER_MS, formatDuration } from './duration.ts';
import { CommandError, messageOf } from './errors.ts';

export interface WaitOptions {
  /** Deadline, in milliseconds. */
  deadlineMs: number;
  /** The object of "waited 60 s for": `coffee-shop-v2 to be ready`. */
  what: string;
  /** Poll interval, in milliseconds. Default 100. */
  intervalMs?: number;
  /** The last observed state; called only when the deadline has passed. */
  lastSeen?: () => string;
  signal?: AbortSignal | undefined;
  /** Default: the machine's. */
  clock?: Clock;
}

/** The deadline has passed before the condition was true. */
export class DeadlineError extends CommandError {}

/**
 * Polls until the condition returns something other than undefined, null or false, and returns that. A
 * condition that throws ends the wait: it must catch what may fail for a while.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { deadlineMs, what, intervalMs = 100, lastSeen, signal, clock = systemClock }: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const started = clock.now();
  for (;;) {
    signal?.throwIfAborted();
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>;
    }
    if (clock.now() - started >= deadlineMs) {
      const seen = lastSeen?.();
      throw new DeadlineError(`waited ${formatDuration(deadlineMs)} for ${what}${seen ? ` (${seen})` : ''}`);
    }
    await pause(Math.min(intervalMs, Math.max(1, deadlineMs - (clock.now() - started))), signal, clock);
  }
}

/**
 * Sleeps between two polls of a condition, 24 days at most. Rejects
 * with the signal's reason when it is aborted.
 */
export function pause(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    // Many polls listen on a run's one signal, and each removes its listener: no leak. Infinity, not 0: with
    // 0 Node 20 does not take the signal for an EventTarget, and fetch checks.
    if (signal) setMaxListeners(Infinity, signal);
    const onAbort = () => {
      cancel();
      reject(asError(signal?.reason));
    };
    const cancel = clock.after(Math.min(ms, LONGEST_TIMER_MS), () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(messageOf(reason));
}
