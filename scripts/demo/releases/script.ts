import { resources } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { destinationRule, versionDeployment, virtualService } from '../objects.ts';
import { app, waitUntilOnly, waitUntilRolledOut } from '../rollout.ts';
import { applyAll, type Release } from './release.ts';

/** Milliseconds after each change, as in the article of 2018. That they are fixed is what this scenario is about. */
export const scriptWaits = { afterDeploy: 2_000, afterSubset: 2_000, afterRoute: 5_000 };

/** The right order, with time in place of proof. */
export const releaseByScript: Release = async ({
  cluster,
  scenario,
  vars,
  signal,
  clock,
  beforeTrafficChanges,
}) => {
  await clock.step('deploy v2', async () => {
    await applyAll(cluster, await versionDeployment(scenario, 'v2', vars));
    await waitUntilRolledOut(cluster, `${app}-v2`, signal);
    await pause(scriptWaits.afterDeploy, signal);
  });
  beforeTrafficChanges();
  await clock.step('add subset v2', async () => {
    await applyAll(cluster, await destinationRule(['v1', 'v2']));
    await pause(scriptWaits.afterSubset, signal);
  });
  await clock.step('route to v2', async () => {
    await applyAll(cluster, await virtualService('v2', vars));
    await pause(scriptWaits.afterRoute, signal);
  });
  await clock.step('remove subset v1', async () => applyAll(cluster, await destinationRule(['v2'])));
  await clock.step('delete v1', async () => {
    await cluster.delete(resources.deployments, `${app}-v1`);
    await waitUntilOnly(cluster, 'v2', signal);
  });
};
