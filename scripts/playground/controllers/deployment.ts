import { isFinished } from '../pod-types.ts';
import { canonicalJson } from './canonical.ts';
import { setCondition, type ConditionInput } from './conditions.ts';
import type { Controller, ControllerContext } from './context.ts';
import { DeploymentSets } from './deployment-sets.ts';
import { deploymentStatus, isComplete, withProgress, withReplicaFailure } from './deployment-status.ts';
import { isScaled, recreate, resize, rollingUpdate, type Sizing } from './deployment-strategies.ts';
import { byAge, findNewReplicaSet, REVISION } from './revision.ts';
import { keyOf, splitKey, type WorkQueue } from './work-queue.ts';
import type { Deployment, ReplicaSet } from './workload-types.ts';

const DEPLOYMENTS = 'apps/v1/deployments';

/** Moves each Deployment from what is to what is wanted, within the limits of its strategy. */
export function startDeploymentController(context: ControllerContext): Controller {
  const controller = new DeploymentController(context);
  return { close: () => controller.close() };
}

class DeploymentController {
  readonly #context: ControllerContext;
  readonly #sets: DeploymentSets;
  readonly #queue: WorkQueue;
  readonly #stop: () => void;
  /**
   * Deployments that wait for the last pod of an old ReplicaSet, by
   * its uid: the ReplicaSets' counters do not show that.
   */
  readonly #recreating = new Map<string, string>();

  constructor(context: ControllerContext) {
    const { store, replicaSets, pods, delays } = context;
    this.#context = context;
    this.#sets = new DeploymentSets(context, context.events('deployment-controller'), (...noted) =>
      this.#note(...noted),
    );
    this.#queue = context.queue('deployment-controller', delays.reaction, (key) => this.#sync(key));
    this.#stop = store.watch<Deployment>(DEPLOYMENTS, {}, ({ object }) => this.#queue.add(keyOf(object)));
    replicaSets.onChange((set, owners) => {
      for (const { kind, name } of owners)
        if (kind === 'Deployment') this.#queue.add(`${set.metadata.namespace ?? ''}/${name}`);
    });
    pods.onChange((_pod, owners) => {
      for (const { kind, uid } of owners) {
        const waiting = kind === 'ReplicaSet' ? this.#recreating.get(uid) : undefined;
        if (waiting !== undefined) this.#queue.add(waiting);
      }
    });
  }

  close(): void {
    this.#stop();
    this.#queue.close();
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const deployment = this.#context.store.get<Deployment>(DEPLOYMENTS, namespace, name);
    if (deployment?.spec === undefined) return;
    const sets = this.#sets.claim(deployment);
    if (deployment.metadata.deletionTimestamp !== undefined) {
      this.#writeStatus(deployment, findNewReplicaSet(deployment, sets), sets);
      return;
    }
    this.#noteIfPausedOrResumed(deployment);
    if (deployment.spec.paused === true || isScaled(deployment, sets)) this.#resize(deployment, sets);
    else if (deployment.spec.strategy.type === 'Recreate') this.#recreate(deployment, sets);
    else this.#rollingUpdate(deployment, sets);
  }

  #noteIfPausedOrResumed(deployment: Deployment): void {
    const isPaused = deployment.spec?.paused === true;
    const wasPaused =
      deployment.status?.conditions?.some(({ reason }) => reason === 'DeploymentPaused') ?? false;
    if (isPaused === wasPaused) return;
    const [reason, message] = isPaused
      ? ['DeploymentPaused', 'Deployment is paused']
      : ['DeploymentResumed', 'Deployment is resumed'];
    this.#note(deployment, { type: 'Progressing', status: 'Unknown', reason, message });
  }

  #rollingUpdate(deployment: Deployment, sets: ReplicaSet[]): void {
    const newSet = this.#sets.current(deployment, sets);
    const oldSets = byAge(sets.filter(({ metadata }) => metadata.uid !== newSet.metadata.uid));
    const isChanged = this.#scale(deployment, rollingUpdate(deployment, newSet, oldSets));
    if (!isChanged && isComplete(deployment, deployment.status ?? {}))
      this.#sets.cleanUp(deployment, oldSets);
    this.#writeStatus(deployment, newSet, [newSet, ...oldSets]);
  }

  #recreate(deployment: Deployment, sets: ReplicaSet[]): void {
    const existing = findNewReplicaSet(deployment, sets);
    const oldSets = byAge(sets.filter((set) => set !== existing));
    const next = recreate(oldSets, ({ metadata: { uid } }) =>
      this.#context.pods.owned(uid).some((pod) => !isFinished(pod)),
    );
    for (const set of oldSets) this.#recreating.delete(set.metadata.uid);
    if (next.step !== 'scale up') {
      if (next.step === 'scale down') this.#scale(deployment, next.sizes);
      else for (const set of next.running) this.#recreating.set(set.metadata.uid, keyOf(deployment));
      this.#writeStatus(deployment, existing, sets);
      return;
    }
    const newSet = this.#sets.current(deployment, sets);
    this.#scale(deployment, [[newSet, deployment.spec?.replicas ?? 1]]);
    if (isComplete(deployment, deployment.status ?? {})) this.#sets.cleanUp(deployment, oldSets);
    this.#writeStatus(deployment, newSet, [newSet, ...oldSets]);
  }

  #resize(deployment: Deployment, sets: ReplicaSet[]): void {
    const newSet = findNewReplicaSet(deployment, sets) && this.#sets.current(deployment, sets);
    const all =
      newSet === undefined
        ? sets
        : [newSet, ...sets.filter(({ metadata }) => metadata.uid !== newSet.metadata.uid)];
    this.#scale(deployment, resize(deployment, newSet, all));
    this.#writeStatus(deployment, newSet, all);
  }

  /** Each of them, in order. True when one has another size now. */
  #scale(deployment: Deployment, sizes: Sizing[]): boolean {
    return sizes.map(([set, size]) => this.#sets.scale(deployment, set, size)).some(Boolean);
  }

  /** Revision and condition in one write through the status, which leaves the generation as it is. */
  #note(deployment: Deployment, condition: ConditionInput | undefined, revision?: string): void {
    this.#writeThroughStatus(deployment, (draft) => {
      if (revision !== undefined)
        draft.metadata.annotations = { ...draft.metadata.annotations, [REVISION]: revision };
      if (condition === undefined) return;
      const conditions = setCondition(draft.status?.conditions ?? [], condition);
      draft.status = { ...draft.status, conditions };
    });
  }

  /** Writes counters and conditions from the ReplicaSets as they are now. */
  #writeStatus(before: Deployment, newSet: ReplicaSet | undefined, sets: readonly ReplicaSet[]): void {
    const all = sets.map((set) => this.#sets.fresh(set));
    const current = newSet && this.#sets.fresh(newSet);
    this.#writeThroughStatus(before, (draft) => {
      const counted = deploymentStatus(draft, current, all, draft.status?.conditions ?? []);
      const { status: progressed, deadlineInMs } = withProgress(draft, current, counted, Date.now());
      // A paused one only counts.
      const status = draft.spec?.paused === true ? progressed : withReplicaFailure(progressed, current, all);
      if (deadlineInMs !== undefined) this.#queue.addAfter(keyOf(draft), deadlineInMs + 1_000);
      if (canonicalJson(status) !== canonicalJson(draft.status)) draft.status = status;
    });
  }

  #writeThroughStatus({ metadata }: Deployment, change: (draft: Deployment) => void): void {
    const { namespace, name } = metadata;
    this.#context.store.mutate<Deployment>(DEPLOYMENTS, namespace, name, change, { subresource: 'status' });
  }
}
