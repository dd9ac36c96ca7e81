import { hasCondition, isFinished, type Pod } from '../pod-types.ts';
import { byDeletionPreference } from './deletion-preference.ts';
import { timestamp, type Controller, type ControllerContext } from './context.ts';
import { matchesSelector } from './label-selector.ts';
import { controllerOf } from './owned-index.ts';
import { keyOf, splitKey } from './work-queue.ts';
import type { ReplicaSet, ReplicaSetStatus, WorkloadCondition } from './workload-types.ts';

const RESOURCE = 'apps/v1/replicasets';

/** Keeps as many pods as a ReplicaSet asks for. */
export function startReplicaSetController(context: ControllerContext): Controller {
  const { store, pods } = context;
  const events = context.events('replicaset-controller');
  const queue = context.queue('replicaset-controller', context.delays.reaction, sync);

  context.replicaSets.onChange((replicaSet) => queue.add(keyOf(replicaSet)));
  pods.onChange((pod, owners) => {
    for (const owner of owners) {
      if (owner.kind === 'ReplicaSet') queue.add(`${pod.metadata.namespace ?? ''}/${owner.name}`);
    }
    if (owners.length === 0) offerToReplicaSets(pod);
  });

  function offerToReplicaSets(orphan: Pod): void {
    const { namespace = '', labels } = orphan.metadata;
    if (labels === undefined || orphan.metadata.deletionTimestamp !== undefined) return;
    for (const replicaSet of store.list<ReplicaSet>(RESOURCE, { namespace })) {
      if (matchesSelector(replicaSet.spec?.selector, labels)) queue.add(keyOf(replicaSet));
    }
  }

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const replicaSet = store.get<ReplicaSet>(RESOURCE, namespace, name);
    if (replicaSet?.spec === undefined) return;
    const owned = claim(replicaSet);
    const active = owned.filter((pod) => !isFinished(pod) && pod.metadata.deletionTimestamp === undefined);
    const terminating = owned.filter(
      (pod) => !isFinished(pod) && pod.metadata.deletionTimestamp !== undefined,
    );
    let failure: WorkloadCondition | undefined;
    if (replicaSet.metadata.deletionTimestamp === undefined) failure = adjust(replicaSet, active);
    writeStatus(replicaSet, active, terminating.length, failure);
  }

  /** Adopts orphans that match, releases pods that no longer match; returns the pods that it owns. */
  function claim(replicaSet: ReplicaSet): Pod[] {
    const { namespace = '', uid, name } = replicaSet.metadata;
    const selector = replicaSet.spec?.selector;
    const owned = pods.owned(uid);
    if (replicaSet.metadata.deletionTimestamp !== undefined) return owned;
    const kept = owned.filter((pod) => {
      if (matchesSelector(selector, pod.metadata.labels)) return true;
      if (pod.metadata.deletionTimestamp === undefined) release(pod, uid);
      return false;
    });
    const adopted = pods
      .orphans(namespace)
      .filter(
        (pod) =>
          matchesSelector(selector, pod.metadata.labels) &&
          pod.metadata.deletionTimestamp === undefined &&
          !isFinished(pod),
      )
      .map((pod) =>
        store.mutate<Pod>('v1/pods', namespace, pod.metadata.name, (draft) => {
          if (controllerOf(draft) !== undefined) return;
          draft.metadata.ownerReferences = [
            ...(draft.metadata.ownerReferences ?? []),
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name,
              uid,
              controller: true,
              blockOwnerDeletion: true,
            },
          ];
        }),
      )
      .filter((pod) => pod !== undefined);
    return [...kept, ...adopted];
  }

  function release(pod: Pod, uid: string): void {
    store.mutate<Pod>('v1/pods', pod.metadata.namespace, pod.metadata.name, (draft) => {
      const left = (draft.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      if (left.length > 0) draft.metadata.ownerReferences = left;
      else delete draft.metadata.ownerReferences;
    });
  }

  function adjust(replicaSet: ReplicaSet, active: readonly Pod[]): WorkloadCondition | undefined {
    const difference = active.length - (replicaSet.spec?.replicas ?? 1);
    if (difference > 0) {
      for (const pod of byDeletionPreference(active, Date.now()).slice(0, difference)) {
        store.delete('v1/pods', pod.metadata.namespace, pod.metadata.name, { uid: pod.metadata.uid });
        events.record(replicaSet, {
          type: 'Normal',
          reason: 'SuccessfulDelete',
          message: `Deleted pod: ${pod.metadata.name}`,
        });
      }
    }
    for (let missing = -difference; missing > 0; missing -= 1) {
      try {
        const pod = createPod(replicaSet);
        events.record(replicaSet, {
          type: 'Normal',
          reason: 'SuccessfulCreate',
          message: `Created pod: ${pod.metadata.name}`,
        });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        events.record(replicaSet, {
          type: 'Warning',
          reason: 'FailedCreate',
          message: `Error creating: ${message}`,
        });
        queue.addAfter(keyOf(replicaSet), 1_000);
        return {
          type: 'ReplicaFailure',
          status: 'True',
          lastTransitionTime: timestamp(),
          reason: 'FailedCreate',
          message,
        };
      }
    }
    return undefined;
  }

  function createPod(replicaSet: ReplicaSet): Pod {
    const { namespace, name, uid } = replicaSet.metadata;
    const template = replicaSet.spec?.template;
    return store.create<Pod>('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${name}-`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...template?.metadata?.labels },
        ...(template?.metadata?.annotations ? { annotations: { ...template.metadata.annotations } } : {}),
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name,
            uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: structuredClone(template?.spec),
    });
  }

  function writeStatus(
    replicaSet: ReplicaSet,
    active: readonly Pod[],
    terminating: number,
    failure: WorkloadCondition | undefined,
  ): void {
    const { minReadySeconds = 0, template } = replicaSet.spec ?? { template: undefined };
    const ready = active.filter((pod) => hasCondition(pod, 'Ready'));
    const waits = ready.map((pod) => availableInMs(pod, minReadySeconds));
    const soonest = Math.min(...waits.filter((wait) => wait > 0));
    if (Number.isFinite(soonest)) queue.addAfter(keyOf(replicaSet), soonest);
    const templateLabels = { matchLabels: template?.metadata?.labels ?? {} };
    const status: ReplicaSetStatus = {
      replicas: active.length,
      ...nonZero(
        'fullyLabeledReplicas',
        active.filter((pod) => matchesSelector(templateLabels, pod.metadata.labels)).length,
      ),
      ...nonZero('readyReplicas', ready.length),
      ...nonZero('availableReplicas', waits.filter((wait) => wait <= 0).length),
      terminatingReplicas: terminating,
      observedGeneration: replicaSet.metadata.generation ?? 1,
      ...(failure === undefined ? {} : { conditions: [failure] }),
    };
    store.mutate<ReplicaSet>(
      RESOURCE,
      replicaSet.metadata.namespace,
      replicaSet.metadata.name,
      (draft) => void (draft.status = status),
      { subresource: 'status' },
    );
  }

  return { close: () => queue.close() };
}

/** How long until a ready pod counts as available; 0 or less when it already does. */
function availableInMs(pod: Pod, minReadySeconds: number): number {
  if (minReadySeconds === 0) return 0;
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? '') + minReadySeconds * 1_000 - Date.now();
}

/** Counters of zero are left out, as Go's omitempty does. */
export function nonZero<Name extends string>(name: Name, count: number): Partial<Record<Name, number>> {
  return count === 0 ? {} : ({ [name]: count } as Record<Name, number>);
}
