import { hasCondition, isFinished, type Pod } from '../pod-types.ts';
import type { KubeObject, ObjectStore } from '../storage/types.ts';
import { setCondition } from './conditions.ts';
import type { Controller, ControllerContext } from './context.ts';
import { matchesSelector, type LabelSelector } from './label-selector.ts';
import { controllerOf } from './owned-index.ts';
import { keyOf, splitKey } from './work-queue.ts';
import type { ReplicaSet, WorkloadCondition } from './workload-types.ts';

type Budget = KubeObject<
  { selector?: LabelSelector; minAvailable?: number | string; maxUnavailable?: number | string },
  {
    currentHealthy: number;
    desiredHealthy: number;
    disruptionsAllowed: number;
    expectedPods: number;
    observedGeneration?: number;
    conditions?: WorkloadCondition[];
  }
>;

const RESOURCE = 'policy/v1/poddisruptionbudgets';

/**
 * Says for each PodDisruptionBudget how many of its pods may be evicted now; the eviction API holds on to it.
 */
export function startDisruptionController(context: ControllerContext): Controller {
  const { store } = context;
  const queue = context.queue('disruption-controller', context.delays.reaction, sync);
  const budgets = new Map<string, Budget>();
  const stopBudgets = store.watch<Budget>(RESOURCE, {}, ({ type, object }) => {
    if (type === 'DELETED') budgets.delete(keyOf(object));
    else budgets.set(keyOf(object), object);
    queue.add(keyOf(object));
  });
  const stopPods = store.watch<Pod>('v1/pods', {}, ({ object }) => {
    for (const budget of budgets.values()) {
      if (budget.metadata.namespace !== object.metadata.namespace) continue;
      if (matchesSelector(budget.spec?.selector, object.metadata.labels)) queue.add(keyOf(budget));
    }
  });

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const budget = store.get<Budget>(RESOURCE, namespace, name);
    if (budget?.spec === undefined) return;
    const pods = store
      .list<Pod>('v1/pods', { namespace })
      .filter((pod) => !isFinished(pod) && matchesSelector(budget.spec?.selector, pod.metadata.labels));
    const currentHealthy = pods.filter(
      (pod) => hasCondition(pod, 'Ready') && pod.metadata.deletionTimestamp === undefined,
    ).length;
    const { expectedPods, desiredHealthy } = demand(store, budget.spec, pods);
    const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    store.mutate<Budget>(
      RESOURCE,
      namespace,
      name,
      (draft) => {
        const conditions = setCondition(draft.status?.conditions ?? [], {
          type: 'DisruptionAllowed',
          status: disruptionsAllowed > 0 ? 'True' : 'False',
          reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
          message: '',
        });
        draft.status = {
          conditions: conditions.map((condition) => ({
            type: condition.type,
            status: condition.status,
            observedGeneration: draft.metadata.generation ?? 1,
            lastTransitionTime: condition.lastTransitionTime,
            reason: condition.reason,
            message: condition.message,
          })),
          currentHealthy,
          desiredHealthy,
          disruptionsAllowed,
          expectedPods,
          observedGeneration: draft.metadata.generation ?? 1,
        };
      },
      { subresource: 'status' },
    );
  }

  return {
    close() {
      stopBudgets();
      stopPods();
      queue.close();
    },
  };
}

/**
 * How many pods there should be, and how many of them must stay
 * healthy. Percentages round up, of what the owners ask for.
 */
function demand(
  store: ObjectStore,
  { minAvailable, maxUnavailable }: NonNullable<Budget['spec']>,
  pods: readonly Pod[],
): { expectedPods: number; desiredHealthy: number } {
  if (maxUnavailable === undefined && typeof minAvailable === 'number') {
    return { expectedPods: pods.length, desiredHealthy: minAvailable };
  }
  const expectedPods = wantedByOwners(store, pods);
  const count = (value: number | string): number =>
    typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * expectedPods) / 100);
  const desiredHealthy =
    maxUnavailable === undefined
      ? count(minAvailable ?? 1)
      : Math.max(0, expectedPods - count(maxUnavailable));
  return { expectedPods, desiredHealthy };
}

function wantedByOwners(store: ObjectStore, pods: readonly Pod[]): number {
  const owners = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const set =
      owner?.kind === 'ReplicaSet'
        ? store.get<ReplicaSet>('apps/v1/replicasets', pod.metadata.namespace, owner.name)
        : undefined;
    const uid = owner?.uid ?? pod.metadata.uid;
    owners.set(uid, set?.spec?.replicas ?? 1);
  }
  return [...owners.values()].reduce((sum, wanted) => sum + wanted, 0);
}
