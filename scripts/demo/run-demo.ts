import { formatDuration } from '../shared/duration.ts';
import { createSteps, type Output } from '../shared/terminal.ts';
import type { DemoCommandOptions } from './command-line.ts';
import type { LiveStage } from './live/live-stage.ts';
import type { DemoPlayground, StartPlayground } from './playground.ts';
import type { ScenarioResult } from './result.ts';
import { runShown } from './run-shown.ts';

export interface DemoReport {
  settings: DemoCommandOptions['settings'] & {
    delays: string[];
    /** The real cluster it took place on; missing for the playground. */
    on?: string;
  };
  scenarios: ScenarioResult[];
}

export interface DemoSurroundings {
  startPlayground: StartPlayground;
  /** The real cluster, in words. */
  on?: string | undefined;
  /** The stream for progress. */
  stderr: Output;
  signal: AbortSignal;
  /** The live page, if there is one. */
  stage?: LiveStage | undefined;
}

/** Runs one scenario after the other: parallel ones would disturb each other's timing. */
export async function runDemo(
  { runs, settings }: DemoCommandOptions,
  around: DemoSurroundings,
): Promise<DemoReport> {
  const { startPlayground, stderr, signal, stage, on } = around;
  const steps = createSteps(stderr, { titleWidth: 32 });
  const results: ScenarioResult[] = [];
  const delays = new Set<string>();
  const { qps, connections, loadMs } = settings;
  steps.line(
    `${runs.length === 1 ? 'One release' : `${runs.length} releases`} of v2 under ${qps} orders/s over ${connections} connections, each at least ${formatDuration(loadMs)}`,
  );
  // A playground with a mesh has more delays than one without.
  const sayDelays = (playground: DemoPlayground): void => {
    for (const line of playground.describeDelays()) {
      if (!delays.has(line)) steps.line(`   ${line}`);
      delays.add(line);
    }
  };
  for (const run of runs) {
    const title = `${run.scenario.id}, ${run.weather}`;
    results.push(
      await runShown({
        run,
        settings,
        steps,
        title,
        startPlayground,
        on,
        signal,
        onPlayground: sayDelays,
        stage,
      }),
    );
  }
  return {
    settings: { ...settings, delays: [...delays], ...(on === undefined ? {} : { on }) },
    scenarios: results,
  };
}
