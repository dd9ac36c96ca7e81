import { isFinished, type Pod } from '../pod-types.ts';
import { canonicalJson } from './canonical.ts';
import { setCondition, type ConditionInput } from './conditions.ts';
import type { Controller, ControllerContext } from './context.ts';
import { deploymentStatus, isComplete, withProgress, withReplicaFailure } from './deployment-status.ts';
import { matchesSelector } from './label-selector.ts';
import {
  byAge,
  DESIRED,
  findNewReplicaSet,
  HASH_LABEL,
  MAX,
  replicaSetAnnotations,
  REVISION,
  revisionOf,
} from './revision.ts';
import {
  nextNewSize,
  nextOldSizes,
  proportionalSizes,
  rolloutLimits,
  type RolloutLimits,
  type SetSize,
} from './rollout-math.ts';
import { podTemplateHash } from './template-hash.ts';
import { keyOf, splitKey } from './work-queue.ts';
import type { Deployment, ReplicaSet } from './workload-types.ts';

const DEPLOYMENTS = 'apps/v1/deployments';
const REPLICA_SETS = 'apps/v1/replicasets';

/** Moves each Deployment from what is to what is wanted, within the limits of its strategy. */
export function startDeploymentController(context: ControllerContext): Controller {
  const { store, replicaSets, pods } = context;
  const events = context.events('deployment-controller');
  const queue = context.queue('deployment-controller', context.delays.reaction, sync);

  const stop = store.watch<Deployment>(DEPLOYMENTS, {}, ({ object }) => queue.add(keyOf(object)));
  replicaSets.onChange((set, owners) => {
    for (const { kind, name } of owners) {
      if (kind === 'Deployment') queue.add(`${set.metadata.namespace ?? ''}/${name}`);
    }
  });
  // Recreate waits for the last old pod to be gone; the ReplicaSets' counters do not show that.
  pods.onChange((_pod, owners) => {
    for (const { kind, uid } of owners) {
      if (kind === 'ReplicaSet') recreating.get(uid)?.forEach((key) => queue.add(key));
    }
  });
  const recreating = new Map<string, Set<string>>();

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const deployment = store.get<Deployment>(DEPLOYMENTS, namespace, name);
    if (deployment?.spec === undefined) return;
    const sets = claim(deployment);
    if (deployment.metadata.deletionTimestamp !== undefined) {
      writeStatus(deployment, findNewReplicaSet(deployment, sets), sets);
      return;
    }
    const wasPaused =
      deployment.status?.conditions?.some(({ reason }) => reason === 'DeploymentPaused') ?? false;
    if (deployment.spec.paused === true) {
      if (!wasPaused)
        note(deployment, {
          type: 'Progressing',
          status: 'Unknown',
          reason: 'DeploymentPaused',
          message: 'Deployment is paused',
        });
      resize(deployment, sets);
    } else {
      if (wasPaused)
        note(deployment, {
          type: 'Progressing',
          status: 'Unknown',
          reason: 'DeploymentResumed',
          message: 'Deployment is resumed',
        });
      if (isScaled(deployment, sets)) resize(deployment, sets);
      else if (deployment.spec.strategy.type === 'Recreate') recreate(deployment, sets);
      else rollingUpdate(deployment, sets);
    }
  }

  /** Its own ReplicaSets, and orphans that match. */
  function claim(deployment: Deployment): ReplicaSet[] {
    const { namespace = '', uid, name } = deployment.metadata;
    const owned = replicaSets.owned(uid);
    if (deployment.metadata.deletionTimestamp !== undefined) return owned;
    const adopted = replicaSets
      .orphans(namespace)
      .filter(
        (set) =>
          matchesSelector(deployment.spec?.selector, set.metadata.labels) &&
          set.metadata.deletionTimestamp === undefined,
      )
      .map((set) =>
        store.mutate<ReplicaSet>(REPLICA_SETS, namespace, set.metadata.name, (draft) => {
          const owner = {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            name,
            uid,
            controller: true,
            blockOwnerDeletion: true,
          };
          draft.metadata.ownerReferences = [...(draft.metadata.ownerReferences ?? []), owner];
        }),
      )
      .filter((set) => set !== undefined);
    return [...owned, ...adopted];
  }

  function rollingUpdate(deployment: Deployment, sets: ReplicaSet[]): void {
    const newSet = currentSet(deployment, sets, true);
    const oldSets = byAge(sets.filter(({ metadata }) => metadata.uid !== newSet.metadata.uid));
    const { replicas } = deployment.spec ?? { replicas: 1 };
    const limits = limitsOf(deployment);
    const all = [newSet, ...oldSets];
    const newSize = nextNewSize(replicas, sizeOf(newSet), oldSets.map(sizeOf), limits);
    if (scale(deployment, newSet, newSize)) {
      writeStatus(deployment, newSet, all);
      return;
    }
    const sizes = nextOldSizes(replicas, sizeOf(newSet), oldSets.map(sizeOf), limits);
    // Each set once, every one of them: `map` before `some`.
    const scaledDown = oldSets.map((set, index) => scale(deployment, set, sizes[index] ?? 0)).some(Boolean);
    if (!scaledDown && isComplete(deployment, deployment.status ?? {})) cleanUp(deployment, oldSets);
    writeStatus(deployment, newSet, all);
  }

  function recreate(deployment: Deployment, sets: ReplicaSet[]): void {
    const existing = findNewReplicaSet(deployment, sets);
    const oldSets = byAge(sets.filter((set) => set !== existing));
    const key = keyOf(deployment);
    if (oldSets.map((set) => scale(deployment, set, 0)).some(Boolean)) {
      writeStatus(deployment, existing, sets);
      return;
    }
    const running = oldSets.filter((set) =>
      pods.owned(set.metadata.uid).some((pod: Pod) => !isFinished(pod)),
    );
    for (const set of oldSets) recreating.delete(set.metadata.uid);
    if (running.length > 0) {
      for (const set of running) recreating.set(set.metadata.uid, new Set([key]));
      writeStatus(deployment, existing, sets);
      return;
    }
    const newSet = currentSet(deployment, sets, true);
    const all = [newSet, ...oldSets];
    scale(deployment, newSet, deployment.spec?.replicas ?? 1);
    if (isComplete(deployment, deployment.status ?? {})) cleanUp(deployment, oldSets);
    writeStatus(deployment, newSet, all);
  }

  /** Paused, or its size was changed: no rollout, only the sizes. */
  function resize(deployment: Deployment, sets: ReplicaSet[]): void {
    const newSet = findNewReplicaSet(deployment, sets) && currentSet(deployment, sets, false);
    const current =
      newSet === undefined
        ? sets
        : [newSet, ...sets.filter(({ metadata }) => metadata.uid !== newSet.metadata.uid)];
    const replicas = deployment.spec?.replicas ?? 1;
    const active = current.filter(({ spec }) => (spec?.replicas ?? 0) > 0);
    const latest = byAge(current).at(-1);
    if (active.length <= 1) {
      const target = active[0] ?? newSet ?? latest;
      if (target !== undefined) scale(deployment, target, replicas);
    } else if (newSet !== undefined && isSaturated(deployment, newSet)) {
      for (const set of active) if (set !== newSet) scale(deployment, set, 0);
    } else if (deployment.spec?.strategy.type !== 'Recreate') {
      const { maxSurge } = limitsOf(deployment);
      const biggestFirst = [...active].sort((a, b) => sizeOf(b).wanted - sizeOf(a).wanted);
      const allowed = replicas > 0 ? replicas + maxSurge : 0;
      const sizes = proportionalSizes(
        biggestFirst.map((set) => ({
          size: sizeOf(set).wanted,
          maxReplicas: Number(set.metadata.annotations?.[MAX] ?? 0),
        })),
        allowed,
        replicas,
        maxSurge,
      );
      biggestFirst.forEach((set, index) => scale(deployment, set, sizes[index] ?? 0));
    }
    writeStatus(deployment, newSet, current);
  }

  /** The ReplicaSet of the present template, made if it is missing, its annotations and the Deployment's revision up to date. */
  function currentSet(deployment: Deployment, sets: ReplicaSet[], mayCreate: boolean): ReplicaSet {
    const existing = findNewReplicaSet(deployment, sets);
    const oldSets = sets.filter((set) => set !== existing);
    const revision = Math.max(0, ...oldSets.map(revisionOf)) + 1;
    if (existing === undefined && mayCreate) {
      const created = createSet(deployment, oldSets, revision);
      note(
        deployment,
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetCreated',
          message: `Created new replica set "${created.metadata.name}"`,
        },
        String(revision),
      );
      return created;
    }
    if (existing === undefined) throw new Error(`${deployment.metadata.name} has no ReplicaSet yet`);
    const updated = store.mutate<ReplicaSet>(
      REPLICA_SETS,
      existing.metadata.namespace,
      existing.metadata.name,
      (draft) => {
        draft.metadata.annotations = replicaSetAnnotations(
          deployment,
          draft.metadata.annotations ?? {},
          revision,
          maxReplicas(deployment),
        );
        if (draft.spec && deployment.spec?.minReadySeconds)
          draft.spec.minReadySeconds = deployment.spec.minReadySeconds;
      },
    );
    const set = updated ?? existing;
    const found = {
      type: 'Progressing',
      status: 'True',
      reason: 'FoundNewReplicaSet',
      message: `Found new replica set "${set.metadata.name}"`,
    } as const;
    const isNoted = deployment.status?.conditions?.some(({ type }) => type === 'Progressing') ?? false;
    note(deployment, isNoted ? undefined : found, set.metadata.annotations?.[REVISION] ?? String(revision));
    return set;
  }

  function createSet(deployment: Deployment, oldSets: readonly ReplicaSet[], revision: number): ReplicaSet {
    const { namespace, name, uid } = deployment.metadata;
    const { template, selector, replicas, minReadySeconds, strategy } = deployment.spec ?? raise('spec');
    const hash = podTemplateHash(template, deployment.status?.collisionCount);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const first =
      strategy.type === 'Recreate'
        ? replicas
        : nextNewSize(replicas, { wanted: 0, available: 0 }, oldSets.map(sizeOf), limitsOf(deployment));
    const created = store.create<ReplicaSet>(REPLICA_SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels,
        annotations: replicaSetAnnotations(deployment, {}, revision, maxReplicas(deployment)),
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            name,
            uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        replicas: first,
        ...(minReadySeconds ? { minReadySeconds } : {}),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
        template: { ...structuredClone(template), metadata: { ...template.metadata, labels } },
      },
    });
    if (first > 0) tellScaled(deployment, created.metadata.name, 0, first);
    return created;
  }

  function scale(deployment: Deployment, set: ReplicaSet, size: number): boolean {
    const before = set.spec?.replicas ?? 0;
    const annotations = {
      [DESIRED]: String(deployment.spec?.replicas ?? 1),
      [MAX]: String(maxReplicas(deployment)),
    };
    const stale = Object.entries(annotations).some(
      ([name, value]) => set.metadata.annotations?.[name] !== value,
    );
    if (before === size && !stale) return false;
    store.mutate<ReplicaSet>(REPLICA_SETS, set.metadata.namespace, set.metadata.name, (draft) => {
      if (draft.spec) draft.spec.replicas = size;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
    });
    if (before !== size) tellScaled(deployment, set.metadata.name, before, size);
    return before !== size;
  }

  function tellScaled(deployment: Deployment, name: string, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  /** Revision and condition in one write through the status, which leaves the generation as it is. */
  function note(deployment: Deployment, condition: ConditionInput | undefined, revision?: string): void {
    store.mutate<Deployment>(
      DEPLOYMENTS,
      deployment.metadata.namespace,
      deployment.metadata.name,
      (draft) => {
        if (revision !== undefined) {
          draft.metadata.annotations = { ...draft.metadata.annotations, [REVISION]: revision };
        }
        if (condition === undefined) return;
        draft.status = {
          ...draft.status,
          conditions: setCondition(draft.status?.conditions ?? [], condition),
        };
      },
      { subresource: 'status' },
    );
  }

  /** Writes counters and conditions from the ReplicaSets as they are now. */
  function writeStatus(
    before: Deployment,
    newSet: ReplicaSet | undefined,
    sets: readonly ReplicaSet[],
  ): void {
    const { namespace, name } = before.metadata;
    const fresh = (set: ReplicaSet): ReplicaSet =>
      store.get<ReplicaSet>(REPLICA_SETS, namespace, set.metadata.name) ?? set;
    const currentSets = sets.map(fresh);
    const current = newSet && fresh(newSet);
    store.mutate<Deployment>(
      DEPLOYMENTS,
      namespace,
      name,
      (draft) => {
        const counted = deploymentStatus(draft, current, currentSets, draft.status?.conditions ?? []);
        const { status: progressed, deadlineInMs } = withProgress(draft, current, counted, Date.now());
        // A paused one only counts.
        const status =
          draft.spec?.paused === true ? progressed : withReplicaFailure(progressed, current, currentSets);
        if (deadlineInMs !== undefined) queue.addAfter(keyOf(draft), deadlineInMs + 1_000);
        if (canonicalJson(status) !== canonicalJson(draft.status)) draft.status = status;
      },
      { subresource: 'status' },
    );
  }

  /** Old, empty ReplicaSets beyond the history limit go, oldest first. */
  function cleanUp(deployment: Deployment, oldSets: readonly ReplicaSet[]): void {
    const removable = oldSets.filter(
      ({ spec, status, metadata }) =>
        spec?.replicas === 0 && status?.replicas === 0 && metadata.deletionTimestamp === undefined,
    );
    const surplus = removable.length - (deployment.spec?.revisionHistoryLimit ?? 10);
    for (const set of [...removable]
      .sort((a, b) => revisionOf(a) - revisionOf(b))
      .slice(0, Math.max(0, surplus))) {
      store.delete(REPLICA_SETS, set.metadata.namespace, set.metadata.name, { uid: set.metadata.uid });
    }
  }

  return {
    close() {
      stop();
      queue.close();
    },
  };
}

function sizeOf({ spec, status }: ReplicaSet): SetSize {
  return { wanted: spec?.replicas ?? 0, available: status?.availableReplicas ?? 0 };
}

function limitsOf({ spec }: Deployment): RolloutLimits {
  const { maxSurge, maxUnavailable } = spec?.strategy.rollingUpdate ?? {};
  return rolloutLimits(spec?.replicas ?? 1, maxSurge, maxUnavailable);
}

function maxReplicas(deployment: Deployment): number {
  const replicas = deployment.spec?.replicas ?? 1;
  return deployment.spec?.strategy.type === 'Recreate' ? replicas : replicas + limitsOf(deployment).maxSurge;
}

/** Someone changed spec.replicas since the ReplicaSets were sized. */
function isScaled({ spec }: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[DESIRED];
    return (set.spec?.replicas ?? 0) > 0 && desired !== undefined && Number(desired) !== spec?.replicas;
  });
}

function isSaturated({ spec }: Deployment, set: ReplicaSet): boolean {
  const { wanted, available } = sizeOf(set);
  return (
    wanted === spec?.replicas &&
    Number(set.metadata.annotations?.[DESIRED]) === spec.replicas &&
    available === spec.replicas
  );
}

function raise(field: string): never {
  throw new Error(`Deployment without ${field}`);
}
