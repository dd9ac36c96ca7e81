/** When a draining pod may close. All in milliseconds. */
export interface QuietRule {
  /** Never close earlier: the network needs this long to learn that the pod ends. */
  minMs: number;
  /** How long nothing may have happened. */
  quietMs: number;
  /** Close anyway after this long. */
  deadlineMs: number;
}

export interface Activity {
  /** Requests being received or answered now. */
  active: number;
  /** When a request last began or ended, or a connection last opened, on the clock of `now`. */
  lastAt: number;
}

export type Verdict = { over: 'quiet' | 'deadline' } | { over: undefined; checkAgainInMs: number };

/**
 * Time alone cannot tell when callers have moved on, and silence alone cannot
 * tell that the network has learned: so wait for both, but not for ever.
 * `checkAgainInMs` is the earliest moment at which the verdict can change.
 */
export function judge(rule: QuietRule, beganAt: number, activity: Activity, now: number): Verdict {
  const deadlineAt = beganAt + rule.deadlineMs;
  const lastAt = activity.active > 0 ? now : activity.lastAt;
  const quietAt = Math.max(beganAt + rule.minMs, lastAt + rule.quietMs);
  if (activity.active === 0 && now >= quietAt) return { over: 'quiet' };
  if (now >= deadlineAt) return { over: 'deadline' };
  return { over: undefined, checkAgainInMs: Math.max(1, Math.min(quietAt, deadlineAt) - now) };
}
