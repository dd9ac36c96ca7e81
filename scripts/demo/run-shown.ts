import { formatDuration } from '../shared/duration.ts';
import { messageOf } from '../shared/errors.ts';
import type { Steps } from '../shared/terminal.ts';
import { unfailing } from '../shared/unfailing.ts';
import type { LiveStage } from './live/live-stage.ts';
import type { DemoPlayground, StartPlayground } from './playground.ts';
import type { ScenarioResult } from './result.ts';
import { runScenario } from './run-scenario.ts';
import type { Run } from './scenarios.ts';
import type { DemoSettings } from './settings.ts';
import { describeLosses } from './table.ts';
import { passes } from './verdict.ts';
import { describeWeather } from './weather.ts';

export interface ShownRun {
  run: Run;
  settings: DemoSettings;
  steps: Steps;
  /** The start of its status line. */
  title: string;
  startPlayground: StartPlayground;
  /** The real cluster, in words. */
  on?: string | undefined;
  signal: AbortSignal;
  onPlayground?: (playground: DemoPlayground) => void;
  /** The live page, if there is one. */
  stage?: LiveStage | undefined;
}

/** One run with its line on the terminal. */
export async function runShown(shown: ShownRun): Promise<ScenarioResult> {
  const { run, settings, steps, title, startPlayground, signal } = shown;
  const sayOnce = (error: unknown): void => steps.line(`Not shown any more: ${messageOf(error)}`);
  const stage = shown.stage && unfailing(shown.stage, sayOnce);
  steps.start(title);
  stage?.begin(run);
  let doing = '';
  let counted = '';
  const show = (): void => steps.progress([doing, counted].filter(Boolean).join('  '));
  try {
    const result = await runScenario({
      run,
      settings,
      startPlayground,
      signal,
      watcher: unfailing(
        {
          onStage: (onStage) => stage?.onStage(onStage),
          onPlayground: shown.onPlayground ?? (() => undefined),
          onStep(name) {
            doing = name;
            stage?.doing(name);
            show();
          },
          onProgress(progress) {
            const { sent, lost } = progress;
            stage?.progress(progress);
            counted = `${sent.toLocaleString('en-US')} sent, ${lost.toLocaleString('en-US')} lost`;
            show();
          },
        },
        sayOnce,
      ),
    });
    stage?.done(result);
    const line = `${describeResult(result)} (${shown.on === undefined ? describeWeather(run.scenario, run.weather, settings.lagMs) : 'delays are its own'})`;
    if (passes(result.verdict)) steps.succeed(line);
    else steps.fail(line);
    return result;
  } finally {
    steps.stop();
  }
}

function describeResult({ account, releaseMs, error }: ScenarioResult): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const lost = account ? `${count(account.lost)} of ${count(account.sent)} lost` : 'no load';
  const how = account && account.lost > 0 ? ` (${describeLosses(account)})` : '';
  return `${lost}${how}, ${error ?? `released in ${formatDuration(releaseMs)}`}`;
}
