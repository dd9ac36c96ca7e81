import { fileURLToPath } from 'node:url';
import { connectCluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import { runSwitch, silentReporter, type Reporter } from '../../switch/index.ts';
import { app, waitUntilOnly } from '../rollout.ts';
import type { Release, ReleaseContext } from './release.ts';

const clusterFile = fileURLToPath(new URL('../../../istio/cluster.yaml', import.meta.url));

/** Our switch, as `npm run switch -- --to v2` runs it: each step only on proof. */
export const releaseBySwitch: Release = async (context) => {
  const { choice, vars, signal, clock } = context;
  const { to } = context.versions;
  const { pod, sidecar } = context.scenario;
  // The switch has a connection and a field manager of its own.
  const cluster = await connectCluster(choice, { fieldManager: 'zero-downtime-switch' });
  try {
    const options = { cluster, app, to, clusterFile, set: { ...vars, pod, sidecar }, signal };
    const { ok, outcome, error, message } = await runSwitch(options, reportTo(context));
    if (!ok) throw new CommandError(`${error ?? outcome}. ${message}`);
    await clock.step('old pods gone', () => waitUntilOnly(cluster, to, signal));
  } finally {
    await cluster.close();
  }
};

function reportTo({ clock, beforeTrafficChanges }: ReleaseContext): Reporter {
  let end: (detail?: string) => void = () => undefined;
  let isChanging = false;
  const changesTraffic = () => {
    if (!isChanging) beforeTrafficChanges();
    isChanging = true;
  };
  return {
    ...silentReporter,
    stepStarted(title, _name, subject) {
      // The candidate is deployed: the following steps move the traffic.
      if (subject !== undefined && subject.kind !== 'Deployment') changesTraffic();
      end = clock.begin(title);
    },
    stepDone: (detail) => end(detail),
    stepFailed: (detail) => end(detail),
  };
}
