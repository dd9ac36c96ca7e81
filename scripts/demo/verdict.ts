import type { Account } from '../load/index.ts';
import type { Run } from './scenarios.ts';

/** The expectation of a run: nothing is lost, something is lost, or the lag is too near the limit to say. */
export type Expectation = 'none' | 'some' | 'either';

export type Verdict = 'kept' | 'broken' | 'shown' | 'not shown' | 'open' | 'failed';

/** @param lagMs how late the late proxy is in rough weather */
export function expectationOf({ scenario, weather }: Run, lagMs: number): Expectation {
  const { safeUpToMs, losesFromMs } = scenario.tolerance;
  // Calm: 0.2 s as measured, at most 1 s between two syncs of a kube-proxy.
  const lag = weather === 'calm' ? Math.min(1000, lagMs) : lagMs;
  if (lag >= losesFromMs) return 'some';
  return lag <= safeUpToMs ? 'none' : 'either';
}

/**
 * - `kept` / `broken`: it promised to lose nothing, and did so or not.
 * - `shown` / `not shown`: it was to show how requests are lost, and did or did not.
 * - `open`: nothing was promised. `failed`: the run itself did not come to its end.
 */
export function judge(
  expected: Expectation,
  account: Account | undefined,
  error: string | undefined,
): Verdict {
  if (error !== undefined || account === undefined || account.sent === 0) return 'failed';
  if (expected === 'none') return account.lost === 0 ? 'kept' : 'broken';
  if (expected === 'some') return account.lost > 0 ? 'shown' : 'not shown';
  return 'open';
}

/**
 * Whether the demo may exit with 0. Only a broken promise or a failed
 * run may not: a loss where one is expected is reported.
 */
export function passes(verdict: Verdict): boolean {
  return verdict !== 'broken' && verdict !== 'failed';
}
