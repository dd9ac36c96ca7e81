import { formatDuration } from '../../../shared/duration.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { DoneRun } from '../../page/live-view.ts';
import type { Lane } from '../../page/run-view.ts';
import { count } from '../../report/facts.ts';
import { releases as ways } from '../../releases/index.ts';
import type { Versions } from '../../releases/release.ts';
import type { Scenario } from '../../scenarios.ts';
import type { StageContext } from './context.ts';
import type { JournalEvent } from './follow-journal.ts';
import type { StageAction, StagePanel } from './panel.ts';
import { scenarioOf } from './scenario-of.ts';
import type { Standing } from './standing.ts';
import { createStepLanes, stepsClockOf } from './step-lanes.ts';
import { startSwitch, type SwitchProcess } from './switch-process.ts';

type Way = Scenario['release'];

/** One release on the stage, with what it lost. */
interface StageRelease extends Versions {
  way: Way;
  scenario: Scenario;
  fromMs: number;
  /** When its last run ended; undefined during a run. */
  endedMs?: number | undefined;
  outcome: 'under way' | 'done' | 'killed' | 'stopped' | 'undone';
  /** The load's counts when it began, and when nothing more could be lost by it. */
  began: Totals;
  settled?: Totals | undefined;
  late: Set<string>;
  why: string;
}

interface Totals {
  sent: number;
  lost: number;
}

export interface StageReleases {
  releasePanel(): StagePanel;
  switchPanel(): StagePanel;
  isUnderWay(): boolean;
  /** The step that runs and what it saw last. */
  doing(): string;
  lanes(): Lane[];
  /** Closes the account of a release once it can lose nothing more. */
  look(): void;
  done(): DoneRun[];
  /** The stage was set anew: drop a half done release. */
  forget(): void;
  close(): Promise<void>;
}

export interface ReleaseSurroundings {
  standing(): Standing;
  isStageBeingSet(): boolean;
  totals(): Totals;
  /** The proxies that are frozen now. */
  late(): string[];
  /** Explains the losses, or their absence, from the observations between these times. */
  explain(release: { scenario: Scenario; fromMs: number; untilMs: number; totals: Totals }): string;
}

/** As in the demo, losses up to this long after a release count as its own, in milliseconds. */
const tailMs = 3_000;
const keptReleases = 12;
const names: Record<Way, string> = { rolling: 'Rolling update', script: 'Script', switch: 'Switch' };

/** Releases the other version, in one of three ways. */
export function createReleases(context: StageContext, around: ReleaseSurroundings): StageReleases {
  const { cluster, playground, mesh, now, log, signal } = context;
  const steps = createStepLanes(now);
  const all: StageRelease[] = [];
  let child: (SwitchProcess & { wasKilled?: boolean }) | undefined;
  let isRunning = false;

  const other = (): Versions | undefined => {
    const { live } = around.standing();
    return live === undefined ? undefined : { from: live, to: live === 'v1' ? 'v2' : 'v1' };
  };
  const title = ({ way, from, to, scenario }: StageRelease): string =>
    `${names[way]} ${from} → ${to}, ${scenario.pod} pod`;

  const open = (way: Way, versions: Versions): StageRelease => {
    for (const earlier of all) earlier.settled ??= around.totals();
    steps.clear();
    const release: StageRelease = {
      ...versions,
      ...{ way, scenario: scenarioOf(way, around.standing(), mesh), fromMs: now(), outcome: 'under way' },
      ...{ began: around.totals(), late: new Set(around.late()), why: '' },
    };
    all.push(release);
    if (all.length > keptReleases) all.shift();
    return release;
  };
  const end = (release: StageRelease, outcome: StageRelease['outcome'], why = ''): void => {
    release.endedMs = now();
    Object.assign(release, { outcome, why });
    isRunning = false;
    if (signal.aborted) return;
    const took = formatDuration(release.endedMs - release.fromMs);
    const said: Record<StageRelease['outcome'], [string, 'good' | 'bad' | 'act']> = {
      'under way': ['', 'good'],
      done: [`${release.to} serves; the release took ${took}`, 'good'],
      undone: [`${release.from} serves again; rolled back after ${took}`, 'good'],
      killed: ['the switch is dead, everything stays as it was', 'bad'],
      stopped: [why, 'bad'],
    };
    const [text, tone] = said[outcome];
    log.note(`${names[release.way]}: ${text}`, tone);
  };

  const releaseByCode = async (release: StageRelease): Promise<void> => {
    const { way, scenario, from, to } = release;
    try {
      await ways[way]({
        ...{ cluster, scenario, signal, versions: { from, to }, vars: playground.vars ?? {} },
        ...{ choice: { kubeconfigs: [playground.kubeconfig] }, clock: stepsClockOf(steps) },
        beforeTrafficChanges: () => undefined,
      });
      end(release, 'done');
    } catch (error) {
      steps.cut('failed');
      end(release, 'stopped', messageOf(error));
    }
  };

  const runSwitch = async (release: StageRelease, flags: string[]): Promise<void> => {
    const { pod, sidecar } = release.scenario;
    const args = [...flags, '--kubeconfig', playground.kubeconfig];
    try {
      child = startSwitch([...args, '--set', `pod=${pod}`, '--set', `sidecar=${sidecar}`], hear);
      const { result, signal: by, said } = await child.ended;
      steps.cut(by === null ? 'stopped' : 'killed');
      if (result?.outcome === 'undone') end(release, 'undone', result.error ?? '');
      else if (result?.ok) end(release, 'done');
      else if (child.wasKilled) end(release, 'killed');
      else end(release, 'stopped', result?.message ?? said);
    } catch (error) {
      steps.cut('stopped');
      end(release, 'stopped', messageOf(error));
    } finally {
      child = undefined;
    }
  };
  const hear = ({ event, time, title: step = '', text = '', detail = '' }: JournalEvent): void => {
    const atMs = now() - (Date.now() - Date.parse(time));
    if (event === 'step') steps.begin(step, atMs);
    else if (event === 'progress') steps.progress(text);
    else if (event === 'done') steps.end(detail, { atMs });
    else if (event === 'failed') steps.end(detail, { failed: true, atMs });
    else if (event === 'note') {
      steps.progress(text);
      log.note(`Switch: ${text}`, 'note', atMs);
    }
  };

  const begin = (way: Way): void => {
    const versions = other();
    if (!versions) return;
    const release = open(way, versions);
    isRunning = true;
    log.note(title(release), 'act');
    void (way === 'switch' ? runSwitch(release, ['--to', release.to]) : releaseByCode(release));
  };
  const takeUp = (how: 'resume' | 'undo'): void => {
    const { halfDone } = around.standing();
    if (!halfDone) return;
    const last = all.at(-1);
    const isSame = last?.way === 'switch' && last.to === halfDone.to && last.outcome !== 'done';
    const release = isSame ? last : open('switch', halfDone);
    Object.assign(release, { outcome: 'under way', endedMs: undefined, settled: undefined });
    isRunning = true;
    log.note(how === 'resume' ? 'The switch is run again' : 'The switch is rolled back', 'act');
    void runSwitch(release, ['--to', halfDone.to, ...(how === 'undo' ? ['--undo'] : [])]);
  };

  /** Why a release cannot begin now. */
  const busy = (): string | undefined => {
    if (isRunning) return 'a release is under way';
    if (around.isStageBeingSet()) return 'the stage is being set';
    const { halfDone, layout } = around.standing();
    if (halfDone) return `the switch to ${halfDone.to} is half done: run it again or roll it back`;
    if (layout === 'none') return 'there is no app: set the stage';
    return other() ? undefined : 'no single version serves: set the stage';
  };
  const cannotRelease = (way: Way): string | undefined => {
    const { layout } = around.standing();
    if (way !== 'rolling' && !mesh) return 'needs the mesh: this playground has none';
    const wanted = way === 'rolling' ? 'rolling' : 'versions';
    const needed = way === 'rolling' ? 'one Deployment for all versions' : 'a Deployment for each version';
    return busy() ?? (layout === wanted ? undefined : `needs ${needed}: set the stage for it`);
  };
  const cannotTakeUp = (): string | undefined => {
    if (isRunning) return 'a release is under way';
    if (around.isStageBeingSet()) return 'the stage is being set';
    return around.standing().halfDone ? undefined : 'no switch is half done';
  };
  const releaseAction = (way: Way, label: string, does: string): StageAction => ({
    ...{ id: `release-${way}`, label, does, tone: 'go' },
    cannot: cannotRelease(way),
    run: () => begin(way),
  });

  return {
    isUnderWay: () => isRunning,
    doing: () => (isRunning ? steps.current() || `${names[all.at(-1)?.way ?? 'switch']} begins` : ''),
    lanes: () => steps.lanes(),
    forget() {
      for (const release of all) release.settled ??= around.totals();
      steps.clear();
    },
    look() {
      for (const release of all) {
        if (release.settled) continue;
        const isQuiet = release.endedMs !== undefined && now() > release.endedMs + tailMs;
        if (release.endedMs === undefined || !isQuiet)
          for (const proxy of around.late()) release.late.add(proxy);
        // Losses of a late proxy after the release count as the release's.
        if (!isQuiet || release.outcome === 'killed' || around.late().length > 0) continue;
        release.settled = around.totals();
        const { scenario, fromMs, began } = release;
        const totals = minus(release.settled, began);
        if (totals.sent === 0) continue;
        log.note(
          `${title(release)}: ${count(totals.lost)} of ${count(totals.sent)} lost`,
          totals.lost === 0 ? 'good' : 'bad',
        );
        if (release.outcome === 'done')
          release.why = around.explain({ scenario, fromMs, untilMs: now(), totals });
      }
    },
    done: () =>
      [...all].reverse().map((release) => {
        const { sent, lost } = minus(release.settled ?? around.totals(), release.began);
        const { outcome, endedMs = now(), fromMs } = release;
        return {
          title: title(release),
          weather: release.late.size === 0 ? 'calm' : `${[...release.late].join(', ')} late`,
          sent,
          lost: sent === 0 ? undefined : lost,
          verdict: `${outcome}${outcome === 'done' ? ` in ${formatDuration(endedMs - fromMs)}` : ''}`,
          why: sent === 0 && outcome !== 'under way' ? 'no load ran: nothing could be lost' : release.why,
        };
      }),
    releasePanel() {
      const { to } = other() ?? { to: 'the other version' };
      return {
        id: 'release',
        title: `Release ${to}`,
        fields: [],
        actions: [
          releaseAction('rolling', `${to} by rolling update`, 'what kubectl apply of the Deployment does'),
          releaseAction(
            'script',
            `${to} by the article's script`,
            'the right order, fixed waits of 2, 2 and 5 s',
          ),
          releaseAction('switch', `${to} by switch`, 'each step only on proof that every proxy follows'),
        ],
      };
    },
    switchPanel() {
      const { halfDone } = around.standing();
      return {
        id: 'switch',
        title: 'The switch',
        fields: [],
        actions: [
          {
            ...{
              id: 'kill-switch',
              label: 'Kill it',
              tone: 'harm',
              does: 'SIGKILL, in the middle of what it does',
            },
            cannot: child ? undefined : 'no switch runs',
            run() {
              if (!child) return;
              child.wasKilled = true;
              child.kill();
              log.note('The switch is killed (SIGKILL)', 'act');
            },
          },
          {
            ...{ id: 'resume-switch', label: 'Run it again', tone: 'go' },
            does: `goes on to ${halfDone?.to ?? 'the new version'} from where things stand`,
            cannot: cannotTakeUp(),
            run: () => takeUp('resume'),
          },
          {
            ...{ id: 'undo-switch', label: 'Roll it back' },
            does: `back to ${halfDone?.from ?? 'the old version'}, with the same proofs`,
            cannot: cannotTakeUp(),
            run: () => takeUp('undo'),
          },
        ],
      };
    },
    async close() {
      child?.kill();
      await child?.ended.catch(() => undefined);
    },
  };
}

const minus = (a: Totals, b: Totals): Totals => ({ sent: a.sent - b.sent, lost: a.lost - b.lost });
