import { messageOf } from '../../../shared/errors.ts';
import type { Deployment } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import { waitFor } from '../../../shared/wait.ts';
import { leaseName } from '../../../switch/lock/switch-record.ts';
import { app, listPods } from '../../rollout.ts';
import { findScenario, type ScenarioId } from '../../scenarios.ts';
import { setUp } from '../../set-up.ts';
import type { StageContext } from './context.ts';
import type { StagePanel } from './panel.ts';
import type { Standing } from './standing.ts';

/** The settings of the stage: the starting points of the demo's scenarios. */
const settings: { scenario: ScenarioId; label: string }[] = [
  { scenario: 'istio-switch', label: 'script or switch, pod exits on SIGTERM' },
  { scenario: 'istio-switch-correct', label: 'script or switch, pod drains' },
  { scenario: 'istio-rolling-naive', label: 'rolling update, pod exits on SIGTERM' },
  { scenario: 'istio-rolling-classic', label: 'rolling update, pod drains, classic sidecar' },
  { scenario: 'istio-rolling-native', label: 'rolling update, pod drains, native sidecar' },
  { scenario: 'plain-naive', label: 'rolling update, pod exits on SIGTERM' },
  { scenario: 'plain-correct', label: 'rolling update, pod drains' },
];

/** The current setting. */
export function describeSetting({ layout, pod, sidecar }: Standing, mesh: boolean): string {
  if (layout === 'none') return 'nothing';
  const ends = pod === 'naive' ? 'pod exits on SIGTERM' : 'pod drains';
  if (layout === 'versions') return `script or switch, ${ends}`;
  return `rolling update, ${ends}${mesh && pod === 'correct' ? `, ${sidecar} sidecar` : ''}`;
}

const deadlineMs = 90_000;

export interface StageSetting {
  panel(): StagePanel;
  isUnderWay(): boolean;
}

/** Replaces the app by one of the settings, with v1 serving. */
export function createSetting(
  context: StageContext,
  {
    standing,
    busyWith,
    before,
  }: { standing: () => Standing; busyWith: () => string | undefined; before: () => Promise<void> },
): StageSetting {
  const { cluster, mesh, playground, log, signal } = context;
  let underWay: string | undefined;

  const clear = async (): Promise<void> => {
    if (mesh) {
      await cluster.delete(resources.virtualServices, app);
      await cluster.delete(resources.destinationRules, app);
      await cluster.delete(resources.leases, leaseName(app));
    }
    const deployments = await cluster.list<Deployment>(resources.deployments, { signal });
    for (const { metadata } of deployments) {
      if (metadata.name === app || metadata.name.startsWith(`${app}-`))
        await cluster.delete(resources.deployments, metadata.name);
    }
    await waitFor(async () => (await listPods(cluster)).length === 0, {
      ...{ deadlineMs, what: 'the old pods to end', signal },
    });
  };
  const set = async (scenario: ScenarioId, label: string): Promise<void> => {
    try {
      await before();
      await clear();
      await setUp(cluster, findScenario(scenario), playground, signal);
      log.note(`The stage is set: ${label}; v1 serves`, 'good');
    } catch (error) {
      if (!signal.aborted) log.note(`The stage could not be set: ${messageOf(error)}`, 'bad');
    } finally {
      underWay = undefined;
    }
  };
  const choices = settings.filter(({ scenario }) => findScenario(scenario).mesh === mesh);

  return {
    isUnderWay: () => underWay !== undefined,
    panel: () => ({
      id: 'setting',
      title: 'The stage',
      fields: [
        {
          ...{ id: 'setting', label: 'Set for', value: choices[0]?.scenario ?? '' },
          choices: choices.map(({ scenario, label }) => ({ value: scenario, label })),
        },
      ],
      actions: [
        {
          ...{ id: 'set-stage', label: 'Set the stage anew' },
          does: `takes all away and starts v1. Now: ${describeSetting(standing(), mesh)}`,
          cannot: underWay === undefined ? busyWith() : `it is being set for: ${underWay}`,
          run({ setting }) {
            const chosen = choices.find(({ scenario }) => scenario === setting);
            if (!chosen) return;
            underWay = chosen.label;
            log.note(`Setting the stage: ${chosen.label}`, 'act');
            void set(chosen.scenario, chosen.label);
          },
        },
      ],
    }),
  };
}
