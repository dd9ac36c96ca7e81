import { performance } from 'node:perf_hooks';
import type { LoadProcess, LoadProgress } from '../load/index.ts';
import { connectCluster, type Cluster } from '../shared/cluster/cluster.ts';
import { messageOf } from '../shared/errors.ts';
import { waitFor } from '../shared/wait.ts';
import { startObserver, type Observer } from './observe/observe.ts';
import { choiceOf, type DemoPlayground, type StartPlayground } from './playground.ts';
import { releases } from './releases/index.ts';
import type { Observation } from './observe/observation.ts';
import type { ReleaseStep, ScenarioResult } from './result.ts';
import type { Run } from './scenarios.ts';
import { order, releaseDeadlineMs, type DemoSettings } from './settings.ts';
import { setUp, type Entry } from './set-up.ts';
import { createStepsClock } from './steps-clock.ts';
import { UnfitEnvironmentError } from './verify-pods.ts';
import { expectationOf, judge } from './verdict.ts';
import { latePart, makeWeather } from './weather.ts';

export interface ScenarioWatcher {
  /** Progress in a few words. */
  onStep: (name: string) => void;
  onProgress: (progress: LoadProgress) => void;
  /** Called once per scenario, when its environment is up. */
  onPlayground: (playground: DemoPlayground) => void;
  /** Called when the load runs, with what can be read until the end of the run. */
  onStage?: (run: RunOnStage) => void;
}

export interface RunOnStage {
  observation: () => Observation;
  steps: () => ReleaseStep[];
  /** Undefined while the load warms up. */
  releaseAtMs: () => number | undefined;
}

export interface ScenarioOptions {
  run: Run;
  settings: DemoSettings;
  startPlayground: StartPlayground;
  watcher: ScenarioWatcher;
  signal: AbortSignal;
}

/**
 * One release of v2 under load on a fresh playground. A failed release is a result, an interruption throws.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { run, settings, startPlayground, watcher } = options;
  // Abort the run with the reason when the playground itself breaks.
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const onFailure = (error: Error): void => broken.abort(error);
  const { scenario, weather } = run;
  const expected = expectationOf(run, settings.lagMs);
  const base = { id: scenario.id, weather, title: scenario.title, shows: scenario.shows, expected };
  const startedAt = performance.now();
  let firstCoffeeMs = 0;
  let playground: DemoPlayground | undefined;
  let cluster: Cluster | undefined;
  try {
    watcher.onStep('starting the playground');
    playground = await startPlayground({ mesh: scenario.mesh, seed: settings.seed, onFailure });
    watcher.onPlayground(playground);
    cluster = await connectCluster(choiceOf(playground), { fieldManager: 'coffee-shop-demo' });
    watcher.onStep('waiting for the first coffee');
    const entry = await setUp(cluster, scenario, playground, signal);
    firstCoffeeMs = Math.round(performance.now() - startedAt);
    const released = await releaseUnderLoad({ ...options, signal }, { playground, cluster, entry });
    const { account, error } = released;
    return { ...base, verdict: judge(expected, account, error), firstCoffeeMs, ...released };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof UnfitEnvironmentError) throw error;
    const reason: unknown = broken.signal.aborted ? broken.signal.reason : error;
    const failure = { error: messageOf(reason), account: undefined, releaseMs: 0, releaseAtMs: 0, steps: [] };
    return { ...base, verdict: 'failed', firstCoffeeMs, ...failure };
  } finally {
    await cluster?.close();
    await playground?.close();
  }
}

type Released = Pick<
  ScenarioResult,
  'account' | 'releaseMs' | 'releaseAtMs' | 'steps' | 'error' | 'observation'
>;

async function releaseUnderLoad(
  { run: { scenario, weather }, settings, watcher, signal }: ScenarioOptions,
  { playground, cluster, entry }: { playground: DemoPlayground; cluster: Cluster; entry: Entry },
): Promise<Released> {
  const { qps, connections, loadMs, warmUpMs, tailMs, lagMs } = settings;
  let elapsedMs = 0;
  let observer: Observer | undefined;
  const load = await entry.startLoad({
    url: entry.url,
    qps,
    connections,
    method: order.method,
    body: order.body,
    ...(playground.host === undefined ? {} : { headers: { host: playground.host } }),
    timeline: true,
    longestMs: loadMs + lagMs + 2 * releaseDeadlineMs,
    onProgress(progress) {
      ({ elapsedMs } = progress);
      watcher.onProgress(progress);
    },
  });
  const loadReaches = (ms: number): Promise<unknown> => reached(load, () => elapsedMs >= ms, ms, signal);
  try {
    await load.started;
    const startedAt = performance.now() - elapsedMs;
    const now = (): number => performance.now() - startedAt;
    const seen = startObserver({ cluster, mesh: scenario.mesh, now });
    observer = seen;
    const clock = createStepsClock(now, watcher.onStep);
    const begun: { atMs?: number } = {};
    watcher.onStage?.({
      observation: () => seen.observation(),
      steps: () => clock.current(),
      releaseAtMs: () => begun.atMs,
    });
    watcher.onStep('warming up');
    await loadReaches(warmUpMs);
    const releaseAtMs = now();
    begun.atMs = Math.round(releaseAtMs);
    let calmAgainMs = 0;
    const beforeTrafficChanges = (): void => {
      makeWeather(playground, { scenario, weather, lagMs });
      if (weather !== 'rough') return;
      const fromMs = Math.round(now());
      calmAgainMs = fromMs + lagMs;
      seen.late({ proxy: latePart(scenario), fromMs, untilMs: calmAgainMs });
    };
    let error: string | undefined;
    try {
      await releases[scenario.release]({
        cluster,
        choice: choiceOf(playground),
        vars: playground.vars ?? {},
        scenario,
        versions: { from: 'v1', to: 'v2' },
        signal,
        clock,
        beforeTrafficChanges,
      });
    } catch (failure) {
      signal.throwIfAborted();
      error = messageOf(failure);
    }
    const endMs = now();
    // Fail when the proxy could not be made late: the run would prove nothing.
    if (weather === 'rough' && calmAgainMs === 0) error ??= 'The release was over before the proxy was late.';
    watcher.onStep(error === undefined ? 'released' : 'the release failed');
    // Wait beyond the end of the lag: losses of a late proxy after the release count as the release's.
    await loadReaches(Math.max(loadMs, endMs + tailMs, calmAgainMs + tailMs));
    const account = await load.stop();
    return {
      account,
      releaseMs: Math.round(endMs - releaseAtMs),
      releaseAtMs: Math.round(releaseAtMs),
      steps: clock.steps,
      observation: await seen.stop(),
      ...(error === undefined ? {} : { error }),
    };
  } finally {
    await observer?.stop();
    await load.kill();
  }
}

/** Waits on the load's own clock; rejects with the reason when the load ends meanwhile. */
async function reached(
  load: LoadProcess,
  condition: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const ended = load.account.then(() => {
    throw new Error('The load ended before the release did.');
  });
  const what = `the load to last ${Math.round(ms)} ms`;
  await Promise.race([waitFor(condition, { deadlineMs: ms + 60_000, what, intervalMs: 50, signal }), ended]);
}
