/** The new version at the old one's present size, ready and tried out, with no traffic on it. */
import { formatDuration } from '../../shared/duration.ts';
import { CommandError } from '../../shared/errors.ts';
import { isReady } from '../../shared/kubernetes.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { DeadlineError, waitFor } from '../../shared/wait.ts';
import {
  autoscalersOf,
  copyFor,
  everyAutoscalerOf,
  holdSize,
  isAutoscaler,
  letGo,
  withFloor,
} from '../changes/autoscaler.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import { renderVersion } from '../changes/render-version.ts';
import { repeatWrite } from '../changes/idempotent-write.ts';
import { namedSubsets } from '../routing/virtual-service/virtual-service.ts';
import { listVersionPods, readState } from '../cluster-state/read-state.ts';
import type { Step, SwitchContext } from '../types.ts';
import { deleteVersion } from './delete-old.ts';
import { explainUnready, rolloutOf } from '../cluster-state/deployment-ready.ts';
import { NoAnswerError, smokeTest, smokeTestOf } from '../changes/smoke-test.ts';

/** How long ready pods may be out of hearing, in milliseconds: a broken port-forward is soon replaced by a whole one. */
const UNHEARD_MS = 10_000;

export const deployVersion: Step = {
  name: 'deploy-version',
  title: ({ app, to }) => `Deploy ${app}-${to}`,
  onFailure: 'undo',
  async run(context) {
    const { options, cluster, app, from, to, signal } = context;
    const { deployments } = await readState(cluster, app);
    const old = deployments.find(({ version }) => version === from)?.deployment;
    const size = old?.spec.replicas ?? 1;
    const existing = deployments.find(({ version }) => version === to)?.deployment;
    const told = options.image !== undefined || Object.keys(options.set ?? {}).length > 0;
    const replicas = Math.max(size, existing?.spec.replicas ?? 0);
    const { deployment, others } = await renderVersion(options, { app, version: to, replicas });
    const { name } = existing?.metadata ?? deployment.metadata;
    // First the floor: an autoscaler that is there already would take back what is added here.
    await holdSize(context, name, replicas);
    // What is there already (a killed run's, or an old version kept) is taken as it is, unless this run says what it must be.
    if (existing === undefined || told) {
      for (const object of others) if (!isAutoscaler(object)) await applyObject(context, object);
      await applyObject(context, deployment);
    } else if ((existing.spec.replicas ?? 1) < size) {
      await cluster.patch(resources.deployments, name, { spec: { replicas: size } }, { signal });
    }
    if (!context.record.before?.deployment) await scaleLike(context, old?.metadata.name, name, replicas);
    return { detail: await waitUntilReady(context, to, { smoke: true }) };
  },
  undoTitle: ({ app, to }) => `Delete ${app}-${to}`,
  async undo(context) {
    const { to, record, known, target, options } = context;
    if (record.before?.deployment) {
      await letGo(context, to);
      return { detail: `${to} was there before` };
    }
    if (namedSubsets(known.virtualService, target).has(to)) {
      throw new CommandError(`a route still names ${to}; it is left running`);
    }
    if (options.keepFailed) return { detail: `${to} is left for a look at it` };
    await verifyUnchanged(context);
    await context.fence();
    return { detail: await deleteVersion(context, to) };
  },
};

/** The set's own autoscaler for the new version, or else a copy of the old version's. */
async function scaleLike(
  context: SwitchContext,
  old: string | undefined,
  deployment: string,
  size: number,
): Promise<void> {
  const { options, cluster, app, from, to, signal } = context;
  if ((await everyAutoscalerOf(cluster, deployment, signal)).length > 0) return;
  // Without a size of ours in it: the minimum its author meant.
  const authored = (await renderVersion(options, { app, version: to })).others.filter(isAutoscaler);
  const models = authored.length > 0 || old === undefined ? [] : await autoscalersOf(cluster, old, signal);
  const copies = models.map((model) => copyFor(model, { from, to, deployment }));
  for (const autoscaler of [...authored, ...copies]) {
    await applyObject(context, withFloor(autoscaler, size));
  }
}

/** Waits for a version's Deployment and says why it is not ready when time is up. */
export async function waitUntilReady(
  context: SwitchContext,
  version: string,
  { smoke }: { smoke: boolean },
): Promise<string> {
  const { cluster, app, reporter, signal, clock, stepTimeoutMs } = context;
  let summary = 'no pod yet';
  let unheardSince: number | undefined;
  const look = async () => {
    const { deployments, service, destinationRule } = await readState(cluster, app);
    const deployment = deployments.find((entry) => entry.version === version)?.deployment;
    const pods = await listVersionPods(cluster, { service, destinationRule }, version);
    return { deployment, service, pods };
  };
  const started = clock.now();
  try {
    return await waitFor(
      async () => {
        const { deployment, service, pods } = await look();
        if (deployment === undefined) {
          summary = 'no Deployment';
          return undefined;
        }
        const rollout = rolloutOf(deployment, pods);
        summary = rollout.summary;
        reporter.progress(summary);
        if (rollout.failed !== undefined) throw new DeadlineError(rollout.failed);
        if (!rollout.done) return undefined;
        if (!smoke) return summary;
        try {
          await smokeTestAll(context, version, deployment, pods.filter(isReady), service);
          return summary;
        } catch (error) {
          if (!(error instanceof NoAnswerError)) throw error;
          unheardSince ??= clock.now();
          if (clock.now() - unheardSince > UNHEARD_MS) throw error;
          reporter.progress(error.message);
          return undefined;
        }
      },
      { deadlineMs: stepTimeoutMs, what: `${version} to be ready`, intervalMs: 150, signal, clock },
    );
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const { pods } = await look();
    const after = formatDuration(clock.now() - started);
    throw new CommandError(`${summary} after ${after} (${await explainUnready(cluster, pods)})`, {
      cause: error,
    });
  }
}

async function smokeTestAll(
  { cluster }: SwitchContext,
  version: string,
  deployment: Deployment,
  pods: Awaited<ReturnType<typeof listVersionPods>>,
  service: Awaited<ReturnType<typeof readState>>['service'],
): Promise<void> {
  const test = smokeTestOf(service, deployment);
  if (test) await Promise.all(pods.map((pod) => smokeTest(cluster, pod, test, version)));
}

/** Server-side apply says what must be, so it may be said again when an answer is lost. */
async function applyObject(
  { cluster, namespace, signal, clock }: SwitchContext,
  object: KubernetesObject,
): Promise<void> {
  const { namespaced } = await cluster.resourceOf(object);
  const placed = namespaced ? { ...object, metadata: { namespace, ...object.metadata } } : object;
  await repeatWrite(() => cluster.apply(placed, { force: true, signal }), { signal, clock });
}
