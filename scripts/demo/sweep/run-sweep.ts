import { performance } from 'node:perf_hooks';
import { formatDuration } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import { createSteps } from '../../shared/terminal.ts';
import { explain } from '../report/explain.ts';
import type { ScenarioResult } from '../result.ts';
import type { DemoSurroundings } from '../run-demo.ts';
import { runShown } from '../run-shown.ts';
import type { Run, Scenario } from '../scenarios.ts';
import type { DemoSettings } from '../settings.ts';
import { createRemaining, estimateRunMs } from './remaining.ts';
import {
  readSweep,
  writeSweep,
  type SweepPoint,
  type SweepSettings,
  type SweepState,
} from './sweep-state.ts';

export interface SweepOptions {
  scenarios: Scenario[];
  lagsMs: number[];
  settings: DemoSettings;
  folder: string;
}

/** Every approach at every lag, one after the other; points of an earlier run of this sweep are reused. */
export async function runSweep(
  { scenarios, lagsMs, folder, settings: given }: SweepOptions,
  { startPlayground, stderr, signal }: DemoSurroundings,
): Promise<SweepState> {
  const { qps, connections, loadMs, warmUpMs, tailMs, seed, quick, routing } = given;
  const settings: SweepSettings = { qps, connections, loadMs, warmUpMs, tailMs, seed, quick, routing };
  const steps = createSteps(stderr, { titleWidth: 50 });
  const state: SweepState = (await readSweep(folder, settings)) ?? { settings, points: [] };
  // Lag by lag, so that an interrupted sweep has all approaches up to some lag, which makes a chart.
  const wanted = lagsMs.flatMap((lagMs) => scenarios.map((scenario) => ({ scenario, lagMs })));
  const missing = wanted.filter(({ scenario, lagMs }) => !isKnown(state, scenario, lagMs));
  const known = wanted.length - missing.length;
  const remaining = createRemaining();
  const estimates = missing.map(({ lagMs }) => estimateRunMs(lagMs, settings));
  steps.line(
    `${scenarios.length} approaches at ${lagsMs.length} lags: ${missing.length} runs, about ${formatDuration(remaining.leftMs(estimates))}${known > 0 ? `; ${known} are known from ${folder}` : ''}`,
  );
  steps.line(`   Each run is kept in ${folder}; if this is interrupted, continue with --out ${folder}`);
  let isUnkept = false;
  for (const [index, { scenario, lagMs }] of missing.entries()) {
    const startedAt = performance.now();
    const left = index === 0 ? '' : `, ${formatDuration(remaining.leftMs(estimates.slice(index)))} left`;
    const title = `${index + 1}/${missing.length}${left}: ${scenario.id}`;
    const run = runAt(scenario, lagMs);
    const shown = { run, settings: { ...settings, lagMs }, steps, title, startPlayground, signal };
    const point = toPoint(await runShown(shown), lagMs);
    remaining.done(estimates[index] ?? 0, performance.now() - startedAt);
    state.points = [...state.points.filter((other) => !isSame(other, point)), point];
    try {
      writeSweep(folder, state);
    } catch (error) {
      // A failed write must not cost the runs: report it and go on.
      if (!isUnkept)
        steps.line(`   ${messageOf(error)}. An interrupted sweep cannot be continued from here.`);
      isUnkept = true;
    }
  }
  return state;
}

/** A lag of 0 is calm weather: delays as measured. */
export const runAt = (scenario: Scenario, lagMs: number): Run => ({
  scenario,
  weather: lagMs === 0 ? 'calm' : 'rough',
});

function isKnown({ points }: SweepState, { id }: Scenario, lagMs: number): boolean {
  return points.some((point) => isSame(point, { id, lagMs }) && point.verdict !== 'failed');
}

const isSame = (a: Pick<SweepPoint, 'id' | 'lagMs'>, b: Pick<SweepPoint, 'id' | 'lagMs'>): boolean =>
  a.id === b.id && a.lagMs === b.lagMs;

function toPoint(result: ScenarioResult, lagMs: number): SweepPoint {
  const { id, expected, verdict, releaseMs, account, error } = result;
  return {
    id,
    lagMs,
    expected,
    verdict,
    releaseMs,
    why: explain(result).sentences,
    // Keep only the counts: the state is written after each run.
    account: account && { ...account, timeline: [], losses: [] },
    ...(error === undefined ? {} : { error }),
  };
}
