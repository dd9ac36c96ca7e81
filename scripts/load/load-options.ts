import { UsageError } from '../shared/errors.ts';
import type { Outcome } from './connection.ts';
import type { TlsMaterial } from './tls-check.ts';
import type { TimelineSlot } from './account.ts';
import type { Counts, RequestTimes } from './tally.ts';

export interface LoadOptions {
  url: string;
  /** Requests per second. */
  qps: number;
  /** Connections, kept alive; each carries one request at a time. */
  connections: number;
  /** How long requests become due. Without it the run lasts until `stop` or `abandon`. */
  durationMs?: number | undefined;
  /** When aborted, no further request becomes due; those already due are still sent. */
  stop?: AbortSignal | undefined;
  /**
   * Like `stop`, but requests without an outcome `abandonAfterMs` later are aborted and not counted as sent.
   */
  abandon?: AbortSignal | undefined;
  abandonAfterMs?: number | undefined;
  method?: string | undefined;
  body?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** For https: what is trusted, and what is shown. */
  tls?: TlsMaterial | undefined;
  /** Timeout of a request from its sending, and of its wait for a connection before that. */
  timeoutMs?: number | undefined;
  /** 3xx and 4xx statuses that count as a success. */
  expect?: Iterable<number> | undefined;
  /** Adds `timeline` and `losses` to the account. */
  timeline?: boolean | undefined;
  /** Called about every `progressEveryMs` while the run lasts, and at its end. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  progressEveryMs?: number | undefined;
  /** Sees every request once, when it has ended. */
  observe?: ((outcome: Outcome, times: RequestTimes) => void) | undefined;
}

/** The account so far. */
export interface LoadProgress extends Counts {
  elapsedMs: number;
  /** Requests in flight. */
  inFlight: number;
  /** Requests that are due and wait for a connection. */
  waiting: number;
  /** With a timeline: what ended since the last progress, by the slot in which it was due. */
  news?: TimelineSlot[];
}

export const loadDefaults = {
  qps: 500,
  connections: 50,
  durationMs: 20_000,
  method: 'GET',
  // Envoy's connect timeout is 10 s: a shorter one here would turn its 503s into timeouts.
  timeoutMs: 15_000,
  abandonAfterMs: 1_000,
  progressEveryMs: 250,
};

/**
 * Upper bounds, so that a typing mistake does not become an attack:
 * 100,000 requests/s, 10,000 connections, 1 day.
 */
export function verifyLoadOptions({
  qps,
  connections,
  durationMs,
  timeoutMs,
  stop,
  abandon,
  expect,
}: LoadOptions): void {
  verifyRange('qps', qps, 0.01, 100_000);
  verifyRange('connections', connections, 1, 10_000);
  if (!Number.isInteger(connections))
    throw new UsageError(`connections must be a whole number, got ${connections}.`);
  if (durationMs !== undefined) verifyRange('duration in ms', durationMs, 1, 86_400_000);
  else if (!stop && !abandon) throw new UsageError('A load needs a duration or a signal that stops it.');
  if (timeoutMs !== undefined) verifyRange('timeout in ms', timeoutMs, 1, 3_600_000);
  for (const status of expect ?? []) {
    if (!(Number.isInteger(status) && status >= 300 && status < 500)) {
      throw new UsageError(
        `Only 4xx answers can be expected, and 3xx (5xx are lost, 2xx are fine), got ${status}.`,
      );
    }
  }
}

function verifyRange(what: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max))
    throw new UsageError(`${what} must be from ${min} to ${max}, got ${value}.`);
}
