import { formatDuration } from '../shared/duration.ts';
import { createSteps, type Output } from '../shared/terminal.ts';
import type { DemoCommandOptions } from './command-line.ts';
import type { DemoPlayground, StartPlayground } from './playground.ts';
import type { ScenarioResult } from './result.ts';
import { runScenario } from './run-scenario.ts';
import { describeLosses } from './table.ts';
import { passes } from './verdict.ts';
import { describeWeather } from './weather.ts';

export interface DemoReport {
  settings: DemoCommandOptions['settings'] & { delays: string[] };
  scenarios: ScenarioResult[];
}

export interface DemoSurroundings {
  startPlayground: StartPlayground;
  /** Where the progress goes. */
  stderr: Output;
  signal: AbortSignal;
}

/** Runs one scenario after the other: two at once would disturb each other's clocks. */
export async function runDemo(
  { runs, settings }: DemoCommandOptions,
  around: DemoSurroundings,
): Promise<DemoReport> {
  const { startPlayground, stderr, signal } = around;
  const steps = createSteps(stderr, { titleWidth: 32 });
  const results: ScenarioResult[] = [];
  const delays = new Set<string>();
  const { qps, connections, loadMs } = settings;
  steps.line(
    `${runs.length === 1 ? 'One release' : `${runs.length} releases`} of v2 under ${qps} orders/s over ${connections} connections, each at least ${formatDuration(loadMs)}`,
  );
  // A playground with a mesh has more of them than one without.
  const sayDelays = (playground: DemoPlayground): void => {
    for (const line of playground.describeDelays()) {
      if (!delays.has(line)) steps.line(`   ${line}`);
      delays.add(line);
    }
  };
  for (const run of runs) {
    const { scenario, weather } = run;
    steps.start(`${scenario.id}, ${weather}`);
    let doing = '';
    let counted = '';
    const show = (): void => steps.progress([doing, counted].filter(Boolean).join('  '));
    try {
      const result = await runScenario({
        run,
        settings,
        startPlayground,
        signal,
        watcher: {
          onPlayground: sayDelays,
          onStep(name) {
            doing = name;
            show();
          },
          onProgress({ sent, lost }) {
            counted = `${sent.toLocaleString('en-US')} sent, ${lost.toLocaleString('en-US')} lost`;
            show();
          },
        },
      });
      results.push(result);
      const line = `${describeResult(result)} (${describeWeather(scenario, weather, settings.lagMs)})`;
      if (passes(result.verdict)) steps.succeed(line);
      else steps.fail(line);
    } finally {
      steps.stop();
    }
  }
  return { settings: { ...settings, delays: [...delays] }, scenarios: results };
}

function describeResult({ account, releaseMs, error }: ScenarioResult): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const lost = account ? `${count(account.lost)} of ${count(account.sent)} lost` : 'no load';
  const how = account && account.lost > 0 ? ` (${describeLosses(account)})` : '';
  return `${lost}${how}, ${error ?? `released in ${formatDuration(releaseMs)}`}`;
}
