import { resources } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { routeTo, subsetsOf, versionDeployment } from '../objects.ts';
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
    await applyAll(cluster, await subsetsOf([from, to], vars));
    await pause(scriptWaits.afterSubset, signal);
  });
  await clock.step(`route to ${to}`, async () => {
    await applyAll(cluster, await routeTo(to, vars));
    await pause(scriptWaits.afterRoute, signal);
  });
  await clock.step(`remove subset ${from}`, async () => {
    await applyAll(cluster, await subsetsOf([to], vars));
    // By HTTPRoute the version has a Service of its own.
    if (vars['routing'] === 'http-route') await cluster.delete(resources.services, `${app}-${from}`);
  });
  await clock.step(`delete ${from}`, async () => {
    await cluster.delete(resources.deployments, `${app}-${from}`);
    await waitUntilOnly(cluster, to, signal);
  });
};
