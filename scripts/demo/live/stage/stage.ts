import { connectCluster } from '../../../shared/cluster/cluster.ts';
import type { LiveView } from '../../page/live-view.ts';
import { startObserver } from '../../observe/observe.ts';
import { choiceOf } from '../../playground.ts';
import { order } from '../../settings.ts';
import { accountRows, type Counts } from '../account-rows.ts';
import { startLiveServer, type LiveServer } from '../live-server.ts';
import type { StageContext, StagePlayground } from './context.ts';
import { createLateness } from './lateness.ts';
import { createLoad } from './load.ts';
import { createLog } from './log.ts';
import { act, type StagePanel } from './panel.ts';
import { createPodPanel } from './pods.ts';
import { createReleases } from './releases.ts';
import { scenarioOf } from './scenario-of.ts';
import { createSetting, describeSetting } from './setting.ts';
import { explainStage, viewStage, windowMs } from './stage-view.ts';
import { watchStanding } from './standing.ts';

export interface Stage {
  /** The page's URL, with its secret. */
  url: string;
  close(): Promise<void>;
}

/** Longer than the charts' time span, so that a release can be explained once it has settled. */
const keptMs = 2 * windowMs;
const lookEveryMs = 250;
/** The charts move on for this long after the last event, in milliseconds. */
const stillAfterMs = 3_000;
const nothing: Counts = {
  ...{ sent: 0, ok: 0, lost: 0, byStatus: {}, byVersion: {} },
  byError: { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 },
};

/** The live page of a running cluster, with buttons. `close` ends it and removes everything it has made. */
export async function openStage(playground: StagePlayground): Promise<Stage> {
  const openedAt = performance.now();
  const closed = new AbortController();
  const { signal } = closed;
  const now = (): number => performance.now() - openedAt;
  const mesh = playground.gatewayUrl !== undefined;
  const cluster = await connectCluster(choiceOf(playground), {
    fieldManager: 'coffee-shop-stage',
  });
  const context: StageContext = {
    ...{ playground, cluster, mesh, now, signal, log: createLog(now) },
    ordersUrl: new URL(order.path, playground.gatewayUrl ?? playground.serviceUrl).href,
  };
  const observer = startObserver({ cluster, mesh, now });
  const pods = () => observer.observation().pods;
  const isStageBeingSet = (): boolean => setting.isUnderWay();
  const standing = watchStanding(context);
  const load = createLoad(context, { keptMs, isStageBeingSet });
  const lateness = createLateness(context, { pods, isStageBeingSet });
  const observation = () => ({ ...observer.observation(), late: lateness.spells() });

  const releases = createReleases(context, {
    standing,
    isStageBeingSet,
    totals: () => load.totals(),
    late: () => lateness.late(),
    explain({ scenario, fromMs, untilMs, totals }) {
      const counts = { ...nothing, ...load.counts(), ...totals };
      const seen = { scenario, counts, slots: load.slots, observation: observation(), endMs: untilMs };
      return explainStage(seen, { fromMs, untilMs });
    },
  });
  const setting = createSetting(context, {
    standing,
    busyWith() {
      if (releases.isUnderWay()) return 'a release is under way';
      return load.state() === 'off' ? undefined : 'stop the load: what this loses, no release has lost';
    },
    async before() {
      await lateness.thawAll();
      releases.forget();
    },
  });
  const podPanel = createPodPanel(context, pods, isStageBeingSet);
  const panels = (): StagePanel[] => [
    load.panel(),
    releases.releasePanel(),
    releases.switchPanel(),
    ...(mesh || playground.serviceUrl ? [lateness.panel()] : []),
    podPanel(),
    setting.panel(),
  ];

  let lastMs = 0;
  const look = setInterval(() => {
    lateness.look();
    releases.look();
    observer.forget(now() - keptMs);
    const isBusy =
      load.state() !== 'off' || releases.isUnderWay() || setting.isUnderWay() || lateness.late().length > 0;
    const lastEvent = context.log.events().at(-1)?.atMs ?? 0;
    if (isBusy || now() - lastEvent < stillAfterMs) lastMs = now();
  }, lookEveryMs);

  const view = (): LiveView => {
    const stands = standing();
    const counts = load.counts() ?? nothing;
    const events = context.log.events();
    const scenario = scenarioOf(stands.layout === 'rolling' ? 'rolling' : 'switch', stands, mesh);
    return {
      run: viewStage({
        ...{ scenario, counts, slots: load.slots, observation: observation(), events },
        ...{ steps: releases.lanes(), endMs: Math.round(lastMs) },
      }),
      title: `${stands.live ?? 'No single version'} serves`,
      doing: doing(),
      ...{ sent: counts.sent, lost: counts.lost, events, account: accountRows(load.counts()) },
      ...{ panels: signal.aborted ? [] : panels(), done: releases.done(), toCome: [], over: signal.aborted },
    };
  };
  const doing = (): string => {
    const late = lateness.late();
    const said = [
      releases.doing(),
      setting.isUnderWay() ? 'setting the stage' : '',
      late.length > 0 ? `${late.join(', ')}: hears of no change` : '',
    ].filter(Boolean);
    if (said.length > 0) return said.join(' · ');
    return `set for: ${describeSetting(standing(), mesh)}${load.state() === 'off' ? '; no load' : ''}`;
  };

  let server: LiveServer;
  const close = async (): Promise<void> => {
    clearInterval(look);
    closed.abort(new Error('the stage is closed'));
    await server.close();
    await Promise.all([load.close(), releases.close(), observer.stop()]);
    await cluster.close();
  };
  try {
    server = await startLiveServer({ view, act: (asked) => act(panels(), asked) });
  } catch (error) {
    clearInterval(look);
    closed.abort(error);
    await observer.stop();
    await cluster.close();
    throw error;
  }
  context.log.note('The stage is open');
  return { url: server.url, close };
}
