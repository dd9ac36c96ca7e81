import { setMaxListeners } from 'node:events';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { LONGEST_TIMER_MS, formatDuration } from './duration.ts';
import { CommandError, messageOf } from './errors.ts';

export interface WaitOptions {
  /** How long the condition may take, in milliseconds. */
  deadlineMs: number;
  /** What is waited for, as it reads after "waited 60 s for": `coffee-shop-v2 to be ready`. */
  what: string;
  /** The pause between two looks, in milliseconds. Default 100. */
  intervalMs?: number;
  /** What was last seen; read only when the deadline has passed. */
  lastSeen?: () => string;
  signal?: AbortSignal | undefined;
  /** Default: the machine's. */
  clock?: Clock;
}

/** A condition did not come true before its deadline. */
export class DeadlineError extends CommandError {}

/**
 * Looks until the condition gives something other than undefined, null or false, and returns that.
 * A condition that throws ends the wait: what may fail for a while is the condition's own business.
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

/** Lets time pass between two looks at a condition, 24 days at most. Rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    // Many calls that wait to ask again can hang on a run's one signal, and each of them lets go by itself: that is no leak.
    // Infinity and not 0: of a signal with 0 Node 20 says that it is no EventTarget, and fetch asks.
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
