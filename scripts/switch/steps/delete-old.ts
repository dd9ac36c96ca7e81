/** The point of no return: the old version's pods end. Nobody uses them, and nobody can. */
import { isAmbiguous } from '../../shared/cluster/errors.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { waitFor } from '../../shared/wait.ts';
import { holdSize } from '../changes/autoscaler.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import { listVersionPods, readState } from '../cluster-state/read-state.ts';
import type { Step, SwitchContext } from '../types.ts';
import { deleteVersionObjects } from '../cluster-state/version-objects.ts';
import { waitUntilReady } from './deploy-version.ts';
import { proveNotNeeded } from '../proofs/still-serving.ts';

/** Added to a pod's own grace period before its end is called late, in milliseconds. */
const SLACK_MS = 30_000;

export const deleteOld: Step = {
  name: 'delete-old',
  title: ({ app, from }) => `Delete ${app}-${from}`,
  onFailure: 'stop',
  async run(context) {
    await proveNotNeeded(context);
    context.reporter.note(`no way back from here: ${context.app}-${context.from} is deleted now`);
    return { detail: await deleteVersion(context, context.from) };
  },
  undoTitle: ({ app, from }) => `Look at ${app}-${from}`,
  async undo(context) {
    const { cluster, app, from, to, signal } = context;
    const { deployments } = await readState(cluster, app);
    const named = (wanted: string) => deployments.find(({ version }) => version === wanted)?.deployment;
    const old = named(from);
    if (old === undefined) throw new PointOfNoReturnError(from);
    // Idle, it may have been scaled down meanwhile: as many pods as carry the traffic now, before it comes back.
    const size = Math.max(old.spec.replicas ?? 1, named(to)?.spec.replicas ?? 0);
    await holdSize(context, old.metadata.name, size);
    if ((old.spec.replicas ?? 1) < size) {
      await cluster.patch(resources.deployments, old.metadata.name, { spec: { replicas: size } }, { signal });
    }
    try {
      return { detail: await waitUntilReady(context, from, { smoke: false }) };
    } catch (error) {
      // A version that lacks a pod serves better than one that is taken back.
      const { addresses } = await readyPods(context, from);
      if (signal.aborted || addresses.size === 0) throw error;
      return { detail: messageOf(error) };
    }
  },
};

/** The old version is deleted already: there is nothing to put the traffic back on. */
export class PointOfNoReturnError extends CommandError {
  constructor(version: string) {
    super(`${version} is deleted already; it cannot take the traffic back`);
  }
}

/** Deletes a version's Deployment and waits until its last pod is gone. */
export async function deleteVersion(context: SwitchContext, version: string): Promise<string> {
  const { cluster, app, signal, clock, stepTimeoutMs, reporter } = context;
  const state = await readState(cluster, app);
  const deployment = state.deployments.find((entry) => entry.version === version)?.deployment;
  let graceMs = 30_000;
  if (deployment !== undefined) {
    const { name, uid } = deployment.metadata;
    graceMs = (deployment.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    await waitFor(
      async () => {
        try {
          await cluster.delete(resources.deployments, name, { uid, signal });
          return true;
        } catch (error) {
          // Deleting again what may be deleted already does no harm: the uid guards a namesake.
          if (!isAmbiguous(error)) throw error;
          return false;
        }
      },
      { deadlineMs: stepTimeoutMs, what: `${name} to be deleted`, intervalMs: 500, signal, clock },
    );
  }
  // Not before: a version that still stands may have to serve again, and then with its autoscaler.
  await deleteVersionObjects(context, version);
  let left = 0;
  await waitFor(
    async () => {
      const pods = await listVersionPods(cluster, state, version);
      left = pods.length;
      reporter.progress(`${left} pods ending`);
      return left === 0;
    },
    {
      deadlineMs: Math.max(stepTimeoutMs, graceMs + SLACK_MS),
      what: `the pods of ${version} to end`,
      lastSeen: () => `${left} left`,
      intervalMs: 200,
      signal,
      clock,
    },
  );
  return deployment === undefined ? `${version} was not there` : `all pods of ${version} are gone`;
}
