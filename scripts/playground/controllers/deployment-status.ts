import { findCondition, setCondition } from './conditions.ts';
import { nonZero } from './replica-set.ts';
import { rolloutLimits } from './rollout-math.ts';
import type { Deployment, DeploymentStatus, ReplicaSet, WorkloadCondition } from './workload-types.ts';

const total = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number =>
  sets.reduce((sum, set) => sum + (count(set) ?? 0), 0);

/**
 * A Deployment's counters and its Available condition, from its
 * ReplicaSets (kubernetes pkg/controller/deployment/sync.go).
 */
export function deploymentStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  conditions: readonly WorkloadCondition[],
): DeploymentStatus {
  const { replicas = 1, strategy } = deployment.spec ?? {};
  const available = total(sets, ({ status }) => status?.availableReplicas);
  const unavailable = Math.max(0, total(sets, ({ spec }) => spec?.replicas) - available);
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {};
  const mayMiss =
    strategy?.type === 'Recreate' || replicas === 0
      ? 0
      : rolloutLimits(replicas, maxSurge, maxUnavailable).maxUnavailable;
  const isAvailable = available >= replicas - mayMiss;
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...nonZero(
      'replicas',
      total(sets, ({ status }) => status?.replicas),
    ),
    ...nonZero('updatedReplicas', newSet?.status?.replicas ?? 0),
    ...nonZero(
      'readyReplicas',
      total(sets, ({ status }) => status?.readyReplicas),
    ),
    ...nonZero('availableReplicas', available),
    ...nonZero('unavailableReplicas', unavailable),
    terminatingReplicas: total(sets, ({ status }) => status?.terminatingReplicas),
    ...(deployment.status?.collisionCount === undefined
      ? {}
      : { collisionCount: deployment.status.collisionCount }),
    conditions: setCondition(
      conditions,
      isAvailable
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
    ),
  };
}

/**
 * Adds why pods are not created, as a ReplicaSet says it, the new one's words
 * first; takes it away when none says so any more (kubernetes
 * pkg/controller/deployment/progress.go, syncRolloutStatus and getReplicaFailures).
 */
export function withReplicaFailure(
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): DeploymentStatus {
  const [failure] = [...(newSet ? [newSet] : []), ...sets].flatMap(
    (set) => findCondition(set.status?.conditions, 'ReplicaFailure') ?? [],
  );
  const conditions = status.conditions ?? [];
  if (failure !== undefined) return { ...status, conditions: setCondition(conditions, failure) };
  return { ...status, conditions: conditions.filter(({ type }) => type !== 'ReplicaFailure') };
}

/** Every pod is of the new template, and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 1)
  );
}

function isProgressing(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/**
 * Adds the Progressing condition: complete, on the way, or past the deadline.
 * @returns the status, and in how many ms the deadline would pass if nothing more happens.
 */
export function withProgress(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  status: DeploymentStatus,
  now: number,
): { status: DeploymentStatus; deadlineInMs?: number } {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  if (seconds === undefined || seconds >= 2_147_483_647) return { status };
  const conditions = status.conditions ?? [];
  const current = findCondition(conditions, 'Progressing');
  const done =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  const subject =
    newSet === undefined
      ? `Deployment "${deployment.metadata.name}"`
      : `ReplicaSet "${newSet.metadata.name}"`;
  const set = (
    verdict: 'True' | 'False',
    reason: string,
    message: string,
    touch = false,
  ): DeploymentStatus => ({
    ...status,
    conditions: setCondition(
      conditions,
      { type: 'Progressing', status: verdict, reason, message },
      { touch },
    ),
  });
  if (done || deployment.spec?.paused === true) return { status };
  if (isComplete(deployment, status)) {
    return { status: set('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`) };
  }
  const deadlineInMs = seconds * 1_000;
  if (isProgressing(deployment.status ?? {}, status)) {
    return { status: set('True', 'ReplicaSetUpdated', `${subject} is progressing.`, true), deadlineInMs };
  }
  if (
    current === undefined ||
    current.reason === 'NewReplicaSetAvailable' ||
    current.reason === 'ProgressDeadlineExceeded'
  ) {
    return { status };
  }
  const left = Date.parse(current.lastUpdateTime ?? current.lastTransitionTime) + deadlineInMs - now;
  if (left > 0) return { status, deadlineInMs: left };
  return { status: set('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`) };
}
