import { resources } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { destinationRule, versionDeployment, virtualService } from '../objects.ts';
import { app, waitUntilOnly, waitUntilRolledOut } from '../rollout.ts';
import { applyAll, type Release } from './release.ts';

/** Milliseconds after each change, as in the article of 2018. This scenario shows what fixed waits lose. */
export const scriptWaits = { afterDeploy: 2_000, afterSubset: 2_000, afterRoute: 5_000 };

/** The right order, with fixed waits instead of proofs. */
export const releaseByScript: Release = async ({
  cluster,
  scenario,
  versions: { from, to },
  vars,
  signal,
  clock,
  beforeTrafficChanges,
}) => {
  await clock.step(`deploy ${to}`, async () => {
    await applyAll(cluster, await versionDeployment(scenario, to, vars));
    await waitUntilRolledOut(cluster, `${app}-${to}`, signal);
    await pause(scriptWaits.afterDeploy, signal);
  });
  beforeTrafficChanges();
  await clock.step(`add subset ${to}`, async () => {
    await applyAll(cluster, await destinationRule([from, to]));
    await pause(scriptWaits.afterSubset, signal);
  });
  await clock.step(`route to ${to}`, async () => {
    await applyAll(cluster, await virtualService(to, vars));
    await pause(scriptWaits.afterRoute, signal);
  });
  await clock.step(`remove subset ${from}`, async () => applyAll(cluster, await destinationRule([to])));
  await clock.step(`delete ${from}`, async () => {
    await cluster.delete(resources.deployments, `${app}-${from}`);
    await waitUntilOnly(cluster, to, signal);
  });
};
