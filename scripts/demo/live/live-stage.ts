import type { Account, LoadProgress } from '../../load/index.ts';
import type { LiveView } from '../page/live-view.ts';
import { explain } from '../report/explain.ts';
import { viewRun } from '../report/run-view.ts';
import type { ScenarioResult } from '../result.ts';
import type { RunOnStage } from '../run-scenario.ts';
import type { Run } from '../scenarios.ts';
import { verdictWords } from '../table.ts';
import { accountRows } from './account-rows.ts';
import { createRecentSlots } from './recent-slots.ts';

/**
 * The state of a demo's live page, from the run's own events. It has
 * no buttons: a click would change what is measured.
 */
export interface LiveStage {
  begin(run: Run): void;
  doing(what: string): void;
  progress(progress: LoadProgress): void;
  onStage(run: RunOnStage): void;
  done(result: ScenarioResult): void;
  finish(): void;
  view(): LiveView;
}

/** Longer than a run may take. */
const keptMs = 600_000;

export function createLiveStage(runs: Run[]): LiveStage {
  const titleOf = ({ scenario, weather }: Run): string => `${scenario.title}, ${weather} weather`;
  const results: LiveView['done'] = [];
  const slots = createRecentSlots(keptMs);
  let toCome = [...runs];
  let current: Run | undefined;
  let onStage: RunOnStage | undefined;
  let doing = '';
  let latest: LoadProgress | undefined;
  let over = false;
  const leave = (): void => {
    current = undefined;
    onStage = undefined;
    latest = undefined;
    slots.clear();
  };
  return {
    begin(run) {
      leave();
      current = run;
      toCome = toCome.filter((other) => other !== run);
    },
    doing: (what) => (doing = what),
    progress(progress) {
      slots.add(progress.news ?? []);
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
        run: current && latest && onStage ? viewNow(current, latest, onStage, slots.slots()) : undefined,
        title: current ? titleOf(current) : '',
        doing,
        sent: latest?.sent ?? 0,
        lost: latest?.lost ?? 0,
        events: [],
        account: accountRows(latest),
        panels: [],
        done: results,
        toCome: toCome.map(titleOf),
        over,
      };
    },
  };
}

function viewNow(
  { scenario, weather }: Run,
  progress: LoadProgress,
  { observation, steps, releaseAtMs }: RunOnStage,
  timeline: NonNullable<Account['timeline']>,
): LiveView['run'] {
  const { id, title, shows } = scenario;
  const atMs = releaseAtMs();
  // A partial account: fields that are known only at the end are not drawn.
  const account = { ...progress, durationMs: progress.elapsedMs, timeline } as unknown as Account;
  const view = viewRun({
    ...{ id, weather, title, shows, account, steps: steps(), observation: observation() },
    ...{ expected: 'either', verdict: 'open', firstCoffeeMs: 0 },
    releaseAtMs: atMs ?? 0,
    releaseMs: atMs === undefined ? 0 : progress.elapsedMs - atMs,
  });
  return (
    view && {
      ...view,
      releaseMs: { from: view.releaseMs.from, to: undefined },
    }
  );
}
