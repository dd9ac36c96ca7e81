import type { Account, Loss, LossKind, TimelineSlot } from './account.ts';
import { lossKinds } from './account.ts';
import type { Outcome } from './connection.ts';
import { createLatencyRecorder } from './latency.ts';
import { createCounts, createNames } from './names.ts';
import { printable } from '../shared/printable.ts';
import { createTimeline } from './timeline.ts';

/** When things happened to one request, in milliseconds after the start of the run. */
export interface RequestTimes {
  dueMs: number;
  sentMs: number;
  endMs: number;
}

export type Counts = Pick<
  Account,
  'sent' | 'ok' | 'lost' | 'byStatus' | 'byError' | 'byVersion' | 'byPod' | 'byReason'
>;

/** Counts every request in exactly one class. */
export interface Tally {
  add(outcome: Outcome, times: RequestTimes): void;
  readonly counts: Counts;
  /** What ended since the last call, by the slot in which it was due; undefined without a timeline. */
  takeNews(): TimelineSlot[] | undefined;
  /** @param endMs the end of the last request, after the start of the run */
  toAccount(endMs: number): TalliedAccount;
}

export type TalliedAccount = Counts &
  Pick<Account, 'onDeadConnection' | 'longestGapMs' | 'latencyMs' | 'durationMs' | 'timeline' | 'losses'>;

/**
 * Losses kept from the start of the run, and as many from its end:
 * they show how the losses began and how they ended.
 */
const keptLosses = 100;
const keptReasons = 20;
const longestReason = 300;

/**
 * @param expect statuses that are a success although they are 3xx or 4xx
 * @param observe called once for every request, for other statistics
 */
export function createTally(options: {
  expect: ReadonlySet<number>;
  timeline: boolean;
  observe?: ((outcome: Outcome, times: RequestTimes) => void) | undefined;
}): Tally {
  const counts: Counts = {
    sent: 0,
    ok: 0,
    lost: 0,
    byStatus: createCounts(),
    byError: Object.fromEntries(lossKinds.map((kind) => [kind, 0])) as Record<LossKind, number>,
    byVersion: createCounts(),
    byPod: createCounts(),
    byReason: createCounts(),
  };
  const fromDue = createLatencyRecorder();
  const fromSend = createLatencyRecorder();
  const timeline = options.timeline ? createTimeline() : undefined;
  const firstLosses: Loss[] = [];
  const lastLosses: Loss[] = [];
  let lastSuccessMs = 0;
  let gapMs = 0;
  let onDeadConnection = 0;
  const versionName = createNames();
  const podName = createNames();

  const lose = (kind: string, said: string, outcome: Outcome, times: RequestTimes): void => {
    counts.lost += 1;
    const reason = printable(said, longestReason);
    if (reason in counts.byReason || Object.keys(counts.byReason).length < keptReasons)
      increment(counts.byReason, reason);
    timeline?.add(times.dueMs, { loss: kind });
    if (!timeline) return;
    const loss = { ...roundTimes(times), kind, reason, ...origin(outcome) };
    if (firstLosses.length < keptLosses) firstLosses.push(loss);
    else if (lastLosses.push(loss) > keptLosses) lastLosses.shift();
  };

  const named = (outcome: Outcome): Outcome => {
    if (outcome.kind !== 'answer') return outcome;
    const { version, pod } = outcome;
    return {
      ...outcome,
      version: version === undefined ? undefined : versionName(version),
      pod: pod === undefined ? undefined : podName(pod),
    };
  };

  return {
    counts,
    add(ended, times) {
      const outcome = named(ended);
      options.observe?.(outcome, times);
      counts.sent += 1;
      if (outcome.kind !== 'answer') {
        counts.byError[outcome.kind] += 1;
        if (outcome.deadConnection) onDeadConnection += 1;
        lose(outcome.kind, outcome.reason, outcome, times);
        return;
      }
      fromDue.record(times.endMs - times.dueMs);
      fromSend.record(times.endMs - times.sentMs);
      increment(counts.byStatus, String(outcome.status));
      if (outcome.version !== undefined) increment(counts.byVersion, outcome.version);
      if (outcome.pod !== undefined) increment(counts.byPod, outcome.pod);
      if (!isSuccess(outcome.status, options.expect)) {
        lose(String(outcome.status), reasonOf(outcome), outcome, times);
        return;
      }
      counts.ok += 1;
      gapMs = Math.max(gapMs, times.endMs - lastSuccessMs);
      lastSuccessMs = times.endMs;
      timeline?.add(times.dueMs, { version: outcome.version ?? '-' });
    },
    takeNews: () => timeline?.takeNews(),
    toAccount: (endMs) => ({
      ...counts,
      onDeadConnection,
      longestGapMs: round(Math.max(gapMs, endMs - lastSuccessMs)),
      latencyMs: { fromDue: fromDue.percentiles(), fromSend: fromSend.percentiles() },
      durationMs: round(endMs),
      ...(timeline ? { timeline: timeline.slots(), losses: [...firstLosses, ...lastLosses] } : {}),
    }),
  };
}

/**
 * Whether a status is a success: 2xx always, 3xx (not followed, so
 * nothing was ordered) and 4xx only if expected, 5xx never.
 */
function isSuccess(status: number, expect: ReadonlySet<number>): boolean {
  return status >= 200 && (status < 300 || (status < 500 && expect.has(status)));
}

/** The detail of an answer: where a redirect leads, else the start of its body. */
function reasonOf({ status, location, bodyStart }: Extract<Outcome, { kind: 'answer' }>): string {
  const said = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
  if (isRedirect(status) && location !== undefined) return `${status} to ${said(location)}`;
  return `${status} ${said(bodyStart)}`.trim();
}

/**
 * 3xx: the answer is elsewhere, or (304) with the caller. https://www.rfc-editor.org/rfc/rfc9110#section-15.4
 */
export const isRedirect = (status: number): boolean => status >= 300 && status < 400;

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function origin(outcome: Outcome): { version?: string; pod?: string } {
  if (outcome.kind !== 'answer') return {};
  return {
    ...(outcome.version === undefined ? {} : { version: outcome.version }),
    ...(outcome.pod === undefined ? {} : { pod: outcome.pod }),
  };
}

function roundTimes({ dueMs, sentMs, endMs }: RequestTimes): RequestTimes {
  return { dueMs: round(dueMs), sentMs: round(sentMs), endMs: round(endMs) };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
