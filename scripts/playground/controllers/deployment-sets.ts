import type { EventRecorder } from '../events.ts';
import type { ControllerContext } from './context.ts';
import type { ConditionInput } from './conditions.ts';
import { firstSize, maxReplicas } from './deployment-strategies.ts';
import { matchesSelector } from './label-selector.ts';
import {
  DESIRED,
  findNewReplicaSet,
  HASH_LABEL,
  MAX,
  replicaSetAnnotations,
  REVISION,
  revisionOf,
} from './revision.ts';
import { podTemplateHash } from './template-hash.ts';
import type { Deployment, ReplicaSet } from './workload-types.ts';

const REPLICA_SETS = 'apps/v1/replicasets';

/** A Deployment's ReplicaSets: taken over, made, sized and cleaned up. */
export class DeploymentSets {
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #note: (deployment: Deployment, condition: ConditionInput | undefined, revision?: string) => void;

  /** @param note writes a condition and the revision into the Deployment */
  constructor(
    context: ControllerContext,
    events: EventRecorder,
    note: (deployment: Deployment, condition: ConditionInput | undefined, revision?: string) => void,
  ) {
    this.#context = context;
    this.#events = events;
    this.#note = note;
  }

  /** Its own, and orphans that match. */
  claim(deployment: Deployment): ReplicaSet[] {
    const { store, replicaSets } = this.#context;
    const { namespace = '', uid } = deployment.metadata;
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
          draft.metadata.ownerReferences = [...(draft.metadata.ownerReferences ?? []), ownerOf(deployment)];
        }),
      )
      .filter((set) => set !== undefined);
    return [...owned, ...adopted];
  }

  /**
   * The one of the present template, made if it is missing; its
   * annotations and the Deployment's revision are up to date then.
   */
  current(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet {
    const existing = findNewReplicaSet(deployment, [...sets]);
    const oldSets = sets.filter((set) => set !== existing);
    const revision = Math.max(0, ...oldSets.map(revisionOf)) + 1;
    if (existing !== undefined) return this.#refresh(deployment, existing, revision);
    const created = this.#create(deployment, oldSets, revision);
    const message = `Created new replica set "${created.metadata.name}"`;
    const condition = {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetCreated',
      message,
    } as const;
    this.#note(deployment, condition, String(revision));
    return created;
  }

  #refresh(deployment: Deployment, existing: ReplicaSet, revision: number): ReplicaSet {
    const { namespace, name } = existing.metadata;
    const updated = this.#context.store.mutate<ReplicaSet>(REPLICA_SETS, namespace, name, (draft) => {
      draft.metadata.annotations = replicaSetAnnotations(
        deployment,
        draft.metadata.annotations ?? {},
        revision,
        maxReplicas(deployment),
      );
      if (draft.spec && deployment.spec?.minReadySeconds)
        draft.spec.minReadySeconds = deployment.spec.minReadySeconds;
    });
    const set = updated ?? existing;
    const message = `Found new replica set "${set.metadata.name}"`;
    const found = { type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message } as const;
    const isNoted = deployment.status?.conditions?.some(({ type }) => type === 'Progressing') ?? false;
    this.#note(
      deployment,
      isNoted ? undefined : found,
      set.metadata.annotations?.[REVISION] ?? String(revision),
    );
    return set;
  }

  #create(deployment: Deployment, oldSets: readonly ReplicaSet[], revision: number): ReplicaSet {
    const { namespace, name } = deployment.metadata;
    if (deployment.spec === undefined) throw new Error('Deployment without spec');
    const { template, selector, minReadySeconds } = deployment.spec;
    const hash = podTemplateHash(template, deployment.status?.collisionCount);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const first = firstSize(deployment, oldSets);
    const created = this.#context.store.create<ReplicaSet>(REPLICA_SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels,
        annotations: replicaSetAnnotations(deployment, {}, revision, maxReplicas(deployment)),
        ownerReferences: [ownerOf(deployment)],
      },
      spec: {
        replicas: first,
        ...(minReadySeconds ? { minReadySeconds } : {}),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
        template: { ...structuredClone(template), metadata: { ...template.metadata, labels } },
      },
    });
    if (first > 0) this.#tellScaled(deployment, created.metadata.name, 0, first);
    return created;
  }

  /** Writes the size, and what the Deployment wanted when it was sized. True when the size is another one. */
  scale(deployment: Deployment, set: ReplicaSet, size: number): boolean {
    const before = set.spec?.replicas ?? 0;
    const annotations = {
      [DESIRED]: String(deployment.spec?.replicas ?? 1),
      [MAX]: String(maxReplicas(deployment)),
    };
    const isStale = Object.entries(annotations).some(
      ([name, value]) => set.metadata.annotations?.[name] !== value,
    );
    if (before === size && !isStale) return false;
    const { namespace, name } = set.metadata;
    this.#context.store.mutate<ReplicaSet>(REPLICA_SETS, namespace, name, (draft) => {
      if (draft.spec) draft.spec.replicas = size;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
    });
    if (before !== size) this.#tellScaled(deployment, name, before, size);
    return before !== size;
  }

  /** Old, empty ones beyond the history limit go, oldest first. */
  cleanUp(deployment: Deployment, oldSets: readonly ReplicaSet[]): void {
    const removable = oldSets.filter(
      ({ spec, status, metadata }) =>
        spec?.replicas === 0 && status?.replicas === 0 && metadata.deletionTimestamp === undefined,
    );
    const surplus = removable.length - (deployment.spec?.revisionHistoryLimit ?? 10);
    const oldest = [...removable].sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const { metadata } of oldest.slice(0, Math.max(0, surplus)))
      this.#context.store.delete(REPLICA_SETS, metadata.namespace, metadata.name, { uid: metadata.uid });
  }

  /** As it is now. */
  fresh(set: ReplicaSet): ReplicaSet {
    const { namespace, name } = set.metadata;
    return this.#context.store.get<ReplicaSet>(REPLICA_SETS, namespace, name) ?? set;
  }

  #tellScaled(deployment: Deployment, name: string, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    this.#events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }
}

const ownerOf = ({ metadata: { name, uid } }: Deployment) => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid },
  ...{ controller: true, blockOwnerDeletion: true },
});
