import type { ScenarioId } from '../../../../scripts/demo/scenarios.ts';
import { findScenario } from '../../../../scripts/demo/scenarios.ts';
import { runAt } from '../../../../scripts/demo/sweep/run-sweep.ts';
import type { SweepPoint } from '../../../../scripts/demo/sweep/sweep-state.ts';
import { expectationOf, judge } from '../../../../scripts/demo/verdict.ts';
import { accountWith } from '../account.ts';

/** One approach at one lag, with so many lost. */
export function point(id: ScenarioId, lagMs: number, lost: number): SweepPoint {
  const expected = expectationOf(runAt(findScenario(id), lagMs), lagMs);
  const account = accountWith({ lost, ok: 10_000 - lost });
  return {
    id,
    lagMs,
    expected,
    verdict: judge(expected, account, undefined),
    releaseMs: 1_000,
    why: [],
    account,
  };
}
