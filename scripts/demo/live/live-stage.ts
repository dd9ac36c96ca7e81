import type { Account, LoadProgress } from '../../load/index.ts';
import type { LiveView } from '../page/live-view.ts';
import { explain } from '../report/explain.ts';
import { viewRun } from '../report/run-view.ts';
import type { ScenarioResult } from '../result.ts';
import type { RunOnStage } from '../run-scenario.ts';
import type { Run } from '../scenarios.ts';
import { verdictWords } from '../table.ts';

type Counts = Pick<LoadProgress, 'byStatus' | 'byError' | 'byVersion' | 'elapsedMs'>;

/** Keeps what the live page shows, from what the run tells anyway. */
export interface LiveStage {
  begin(run: Run): void;
  doing(what: string): void;
  progress(progress: LoadProgress): void;
  onStage(run: RunOnStage): void;
  done(result: ScenarioResult): void;
  finish(): void;
  view(): LiveView;
}

export function createLiveStage(runs: Run[]): LiveStage {
  const titleOf = ({ scenario, weather }: Run): string => `${scenario.title}, ${weather} weather`;
  const results: LiveView['done'] = [];
  let toCome = [...runs];
  let current: Run | undefined;
  let onStage: RunOnStage | undefined;
  let last: Counts | undefined;
  let doing = '';
  let latest: LoadProgress | undefined;
  let slots: NonNullable<Account['timeline']> = [];
  let over = false;
  const leave = (): void => {
    current = undefined;
    onStage = undefined;
    last = undefined;
    latest = undefined;
    slots = [];
  };
  return {
    begin(run) {
      leave();
      current = run;
      toCome = toCome.filter((other) => other !== run);
    },
    doing: (what) => (doing = what),
    progress(progress) {
      slots.push(slotBetween(last, progress));
      last = structuredClone({
        byStatus: progress.byStatus,
        byError: progress.byError,
        byVersion: progress.byVersion,
        elapsedMs: progress.elapsedMs,
      });
      latest = progress;
    },
    onStage: (run) => (onStage = run),
    done(result) {
      const { title, weather, account, verdict } = result;
      results.push({
        title,
        weather,
        sent: account?.sent ?? 0,
        lost: account?.lost,
        verdict: verdictWords[verdict],
        why: explain(result).sentences[0] ?? '',
      });
      leave();
    },
    finish: () => (over = true),
    view() {
      return {
        run: current && latest && onStage ? viewNow(current, latest, onStage, slots) : undefined,
        title: current ? titleOf(current) : '',
        doing,
        sent: latest?.sent ?? 0,
        lost: latest?.lost ?? 0,
        done: results,
        toCome: toCome.map(titleOf),
        over,
      };
    },
  };
}

/** What became of the requests that ended between two progress reports. */
export function slotBetween(
  before: Counts | undefined,
  now: Counts,
): { atMs: number; ok: Record<string, number>; lost: Record<string, number> } {
  const lost = {
    ...grown(
      Object.fromEntries(Object.entries(now.byStatus).filter(([status]) => Number(status) >= 400)),
      before?.byStatus,
    ),
    ...grown(now.byError, before?.byError),
  };
  return { atMs: before?.elapsedMs ?? 0, ok: grown(now.byVersion, before?.byVersion), lost };
}

function grown(now: Record<string, number>, before: Record<string, number> = {}): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([key, n]): [string, number] => [key, n - (before[key] ?? 0)])
      .filter(([, n]) => n > 0),
  );
}

function viewNow(
  { scenario, weather }: Run,
  progress: LoadProgress,
  { observation, steps, releaseAtMs }: RunOnStage,
  timeline: NonNullable<Account['timeline']>,
): LiveView['run'] {
  const { id, title, shows } = scenario;
  const atMs = releaseAtMs();
  // Not an account yet: what is not known before the end is not drawn.
  const account = { ...progress, durationMs: progress.elapsedMs, timeline } as unknown as Account;
  const view = viewRun({
    ...{ id, weather, title, shows, account, steps: steps(), observation: observation() },
    ...{ expected: 'either', verdict: 'open', firstCoffeeMs: 0 },
    releaseAtMs: atMs ?? 0,
    releaseMs: atMs === undefined ? 0 : progress.elapsedMs - atMs,
  });
  return (
    view && { ...view, slots: 'ended, per 0.25 s', releaseMs: { from: view.releaseMs.from, to: undefined } }
  );
}
