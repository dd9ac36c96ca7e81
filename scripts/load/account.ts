/**
 * What a load run says at its end. Every request is in exactly one place: one status, or one kind of loss, so
 * that `sent = ok + lost` and `sent = sum(byStatus) + sum(byError)` always hold.
 */

import type { OwnLimit } from './own-limits.ts';

/** How a request can end without a whole answer. */
export const lossKinds = ['refused', 'unreachable', 'reset', 'closed', 'truncated', 'timeout'] as const;
export type LossKind = (typeof lossKinds)[number];

/** Milliseconds. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

export interface Account {
  /** Requests that were due and have ended. */
  sent: number;
  /** Whole answers with a 2xx, or with a 3xx or 4xx that was expected. */
  ok: number;
  /** Everything else. */
  lost: number;
  /** Whole answers by status. */
  byStatus: Record<string, number>;
  /** Requests without a whole answer, by the way they ended. */
  byError: Record<LossKind, number>;
  /** Whole answers by their `x-version` header: at most 100 names, all further ones as `other`. */
  byVersion: Record<string, number>;
  /** Whole answers by their `x-pod` header, as many names. */
  byPod: Record<string, number>;
  /** Losses by their text: the body of a 5xx, the message of a socket error. The most frequent ones only. */
  byReason: Record<string, number>;
  /** The longest time in which no request succeeded, the start and the end of the run included. */
  longestGapMs: number;
  /** Requests per second that were actually started. */
  qps: number;
  /** Latency of whole answers, whatever their status. `fromDue` includes the wait for a free connection. */
  latencyMs: { fromDue: Percentiles; fromSend: Percentiles };
  startedAt: string;
  /** From the start to the end of the last request. */
  durationMs: number;
  /** Requests that were due while every connection was busy. */
  late: number;
  /**
   * Of the losses: reset or closed without a byte of an answer, on a connection that had carried a request
   * before. Fortio and others retry such a request silently, and count the second try alone.
   */
  onDeadConnection: number;
  /** Of the timeouts: requests that never got a connection. The server knows nothing of these. */
  unsent: number;
  /**
   * Requests without an outcome, because the run was aborted or this
   * machine could not send them; not part of `sent`.
   */
  abandoned: number;
  /**
   * Set when a limit of this machine aborted the run: the account ends
   * there, and the service is not to blame.
   */
  ownLimit?: OwnLimit;
  /** Connections opened during the run; equal to `connections` when each one could be kept. */
  connectionsOpened: number;
  connections: number;
  requestedQps: number;
  method: string;
  url: string;
  /** Requests per 100 ms of their due time, only when asked for. */
  timeline?: TimelineSlot[];
  /**
   * The first and the last losses one by one, in the order of their ends, only together with the timeline.
   */
  losses?: Loss[];
}

/** What became of the requests that were due in one slot of the run. */
export interface TimelineSlot {
  /** Start of the slot, in milliseconds after the start of the run. */
  atMs: number;
  /** Successful requests by version (`-` when the answer named none). */
  ok: Record<string, number>;
  /** Lost requests by status or kind. */
  lost: Record<string, number>;
}

/** One lost request; times in milliseconds after the start of the run. */
export interface Loss {
  dueMs: number;
  sentMs: number;
  endMs: number;
  /** A status, or a kind of loss. */
  kind: string;
  reason: string;
  version?: string;
  pod?: string;
}
