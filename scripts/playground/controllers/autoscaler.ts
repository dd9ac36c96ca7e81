import type { KubeObject } from '../storage/types.ts';
import { setCondition } from './conditions.ts';
import type { Controller, ControllerContext } from './context.ts';
import { keyOf, splitKey } from './work-queue.ts';
import type { Deployment, WorkloadCondition } from './workload-types.ts';

type Autoscaler = KubeObject<
  { scaleTargetRef: { kind: string; name: string }; minReplicas?: number; maxReplicas: number },
  {
    currentReplicas?: number;
    desiredReplicas: number;
    currentMetrics?: unknown;
    conditions?: WorkloadCondition[];
    lastScaleTime?: string;
  }
>;

const RESOURCE = 'autoscaling/v2/horizontalpodautoscalers';
/**
 * In the real controller's words (test/fixtures/kubernetes/requests/policy.json):
 * there is no metrics API here, either.
 */
const NO_METRICS =
  'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
const SCALED_TO_ZERO = 'scaling is disabled since the replica count of the target is zero';
const DEPLOYMENTS = 'apps/v1/deployments';

/**
 * Keeps Deployments within the bounds of their HorizontalPodAutoscaler.
 * There are no metrics here, so nothing else moves them.
 */
export function startAutoscaler(context: ControllerContext): Controller {
  const { store } = context;
  const events = context.events('horizontal-pod-autoscaler');
  const queue = context.queue('horizontal-pod-autoscaler', context.delays.autoscaler, sync);
  const stopHpa = store.watch<Autoscaler>(RESOURCE, {}, ({ object }) => queue.add(keyOf(object)));
  const stopDeployments = store.watch<Deployment>(DEPLOYMENTS, {}, ({ object }) => {
    const { namespace = '', name } = object.metadata;
    for (const autoscaler of store.list<Autoscaler>(RESOURCE, { namespace })) {
      const target = autoscaler.spec?.scaleTargetRef;
      if (target?.kind === 'Deployment' && target.name === name) queue.add(keyOf(autoscaler));
    }
  });

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const autoscaler = store.get<Autoscaler>(RESOURCE, namespace, name);
    if (autoscaler?.spec === undefined) return;
    const { scaleTargetRef, minReplicas = 1, maxReplicas } = autoscaler.spec;
    const deployment = store.get<Deployment>(DEPLOYMENTS, namespace, scaleTargetRef.name);
    if (scaleTargetRef.kind !== 'Deployment' || deployment?.spec === undefined) return;
    const current = deployment.spec.replicas;
    // Zero switches autoscaling off.
    const desired = current === 0 ? 0 : Math.min(Math.max(current, minReplicas), maxReplicas);
    if (desired !== current) {
      store.mutate<Deployment>(DEPLOYMENTS, namespace, scaleTargetRef.name, (draft) => {
        if (draft.spec) draft.spec.replicas = desired;
      });
      const reason =
        desired > current
          ? 'Current number of replicas below Spec.MinReplicas'
          : 'Current number of replicas above Spec.MaxReplicas';
      events.record(autoscaler, {
        type: 'Normal',
        reason: 'SuccessfulRescale',
        message: `New size: ${desired}; reason: ${reason}`,
      });
    }
    store.mutate<Autoscaler>(
      RESOURCE,
      namespace,
      name,
      (draft) => {
        let conditions = setCondition(draft.status?.conditions ?? [], {
          type: 'AbleToScale',
          status: 'True',
          reason: 'SucceededGetScale',
          message: "the HPA controller was able to get the target's current scale",
        });
        conditions = setCondition(conditions, {
          type: 'ScalingActive',
          status: 'False',
          reason: current === 0 ? 'ScalingDisabled' : 'FailedGetResourceMetric',
          message: current === 0 ? SCALED_TO_ZERO : NO_METRICS,
        });
        draft.status = {
          ...draft.status,
          currentReplicas: deployment.status?.replicas ?? 0,
          desiredReplicas: desired,
          // Conditions of an autoscaler have no lastUpdateTime.
          conditions: conditions.map((condition) => omitUpdateTime(condition)),
        };
      },
      { subresource: 'status' },
    );
  }

  return {
    close() {
      stopHpa();
      stopDeployments();
      queue.close();
    },
  };
}

function omitUpdateTime({
  type,
  status,
  lastTransitionTime,
  reason,
  message,
}: WorkloadCondition): WorkloadCondition {
  return { type, status, lastTransitionTime, reason, message };
}
