/**
 * The runs that are killed: what each is told, where it begins, and what stands when it has been finished.
 */
import { expect } from '@jest/globals';
import { InterruptedError } from '../../../scripts/shared/errors.ts';
import { isReady, type Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import type { Autoscaler } from '../../../scripts/switch/changes/autoscaler.ts';
import {
  runSwitch,
  silentReporter,
  type Outcome,
  type SwitchOptions,
} from '../../../scripts/switch/index.ts';
import { root } from '../../support/cluster.ts';
import { only, settings, type QuickCoffee, type Standing } from './quick-coffee.ts';

export interface Versions {
  /** Serves alone when it all begins. */
  from: string;
  to: string;
}

export interface Way {
  name: string;
  /** What the run is told. The next one is told the same, unless it goes the other way. */
  told: Partial<SwitchOptions>;
  outcome: Outcome;
  /** Leads from one version that serves alone to where the run begins. */
  prepare?(coffee: QuickCoffee, versions: Versions): Promise<void>;
  /** What stands when it was finished. Default: `to` and nothing else. */
  finished?(versions: Versions): Standing;
  /** What else must be true when one version serves alone again. */
  verify?(coffee: QuickCoffee, live: string): Promise<void>;
  /** So many of its points are run by default. */
  most: number;
}

export const ways: Way[] = [
  { name: 'a switch', told: {}, outcome: 'switched', most: 14 },
  {
    name: 'an undo',
    told: { undo: true },
    outcome: 'undone',
    // As late as can be: everything is there to be taken back.
    prepare: (coffee, { to }) => switchUntil(coffee, to, 'delete-old'),
    most: 4,
  },
  {
    name: 'a switch with --canary 5,50',
    told: { canary: [5, 50], leastSample: 3 },
    outcome: 'switched',
    most: 4,
  },
  {
    name: 'a switch with --keep-old',
    told: { keepOld: true },
    outcome: 'switched',
    finished: ({ from, to }) => {
      const both = [from, to].sort();
      return { ...only(to), subsets: both, deployments: both, pods: both };
    },
    most: 4,
  },
  {
    name: 'a switch of two pods whose autoscaler would be content with one',
    // Without a number of its own: as many as the old version has.
    told: { set: { pod: 'naive' } },
    outcome: 'switched',
    prepare: (coffee, { from }) => autoscale(coffee, from),
    async verify({ cluster }, live) {
      const found = await cluster.list<Autoscaler>(resources.horizontalPodAutoscalers);
      expect(found.map(({ metadata, spec }) => [metadata.name, spec.minReplicas])).toEqual([
        [`coffee-shop-${live}`, 1],
      ]);
    },
    most: 4,
  },
];

/** A switch that was stopped, as by Ctrl-C, when this step was about to begin. */
async function switchUntil({ cluster }: QuickCoffee, to: string, step: string): Promise<void> {
  const stop = new AbortController();
  const told = { cluster, app: 'coffee-shop', to, clusterFile: `${root}/istio/cluster.yaml` };
  const result = await runSwitch(
    { ...told, ...settings, signal: stop.signal },
    {
      ...silentReporter,
      stepStarted: (_title, name) => {
        if (name === step) stop.abort(new InterruptedError('SIGINT'));
      },
    },
  );
  expect(result).toMatchObject({ outcome: 'stopped', live: to });
}

/** Two pods, and an autoscaler with a minimum of one, as if there had been much to do. */
async function autoscale(coffee: QuickCoffee, version: string): Promise<void> {
  const { cluster } = coffee;
  const found = await cluster.list(resources.horizontalPodAutoscalers);
  if (found.length === 0)
    await coffee.apply('istio/cluster.yaml', ['autoscaler'], { version, replicas: '1' });
  await cluster.patch(resources.deployments, `coffee-shop-${version}`, { spec: { replicas: 2 } });
  const labelSelector = `app=coffee-shop,version=${version}`;
  await waitFor(
    async () => (await cluster.list<Pod>(resources.pods, { labelSelector })).filter(isReady).length === 2,
    { deadlineMs: 20_000, what: `two ready pods of ${version}` },
  );
}
