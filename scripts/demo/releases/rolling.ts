import { rollingDeployment } from '../objects.ts';
import { app, waitUntilOnly, waitUntilRolledOut } from '../rollout.ts';
import { applyAll, type Release } from './release.ts';

/** What `kubectl apply` of a Deployment with a new image does. */
export const releaseByRollingUpdate: Release = async ({
  cluster,
  scenario,
  versions: { to },
  vars,
  signal,
  clock,
  beforeTrafficChanges,
}) => {
  beforeTrafficChanges();
  await clock.step(`apply the Deployment with ${to}`, async () =>
    applyAll(cluster, await rollingDeployment(scenario, to, vars)),
  );
  await clock.step('rollout', () => waitUntilRolledOut(cluster, app, signal));
  await clock.step('old pods gone', () => waitUntilOnly(cluster, to, signal));
};
