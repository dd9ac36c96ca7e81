import { isObject, type JsonObject } from '../../../storage/json.ts';
import { defaultPodTemplate, objectAt, objectsOf, setDefault } from './pod.ts';

/** Defaulting of what makes pods. Values: kubernetes pkg/apis/{apps,batch,autoscaling}/v*\/defaults.go. */

export function defaultDeployment(deployment: JsonObject): void {
  const spec = objectAt(deployment, 'spec');
  defaultPodTemplate(spec);
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  const strategy = objectAt(spec, 'strategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] !== 'RollingUpdate') return;
  const rolling = objectAt(strategy, 'rollingUpdate');
  setDefault(rolling, 'maxUnavailable', '25%');
  setDefault(rolling, 'maxSurge', '25%');
}

export function defaultReplicaSet(replicaSet: JsonObject): void {
  const spec = objectAt(replicaSet, 'spec');
  defaultPodTemplate(spec);
  setDefault(spec, 'replicas', 1);
}

export function defaultStatefulSet(statefulSet: JsonObject): void {
  const spec = objectAt(statefulSet, 'spec');
  defaultPodTemplate(spec);
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'podManagementPolicy', 'OrderedReady');
  setDefault(spec, 'revisionHistoryLimit', 10);
  const strategy = objectAt(spec, 'updateStrategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] === 'RollingUpdate') setDefault(objectAt(strategy, 'rollingUpdate'), 'partition', 0);
}

export function defaultDaemonSet(daemonSet: JsonObject): void {
  const spec = objectAt(daemonSet, 'spec');
  defaultPodTemplate(spec);
  setDefault(spec, 'revisionHistoryLimit', 10);
  const strategy = objectAt(spec, 'updateStrategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] !== 'RollingUpdate') return;
  const rolling = objectAt(strategy, 'rollingUpdate');
  setDefault(rolling, 'maxUnavailable', 1);
  setDefault(rolling, 'maxSurge', 0);
}

export function defaultJobSpec(spec: JsonObject): void {
  defaultPodTemplate(spec);
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
  setDefault(spec, 'parallelism', 1);
  setDefault(spec, 'backoffLimit', 6);
  setDefault(spec, 'completionMode', 'NonIndexed');
  setDefault(spec, 'suspend', false);
  setDefault(
    spec,
    'podReplacementPolicy',
    isObject(spec['podFailurePolicy']) ? 'Failed' : 'TerminatingOrFailed',
  );
}

export function defaultJob(job: JsonObject): void {
  defaultJobSpec(objectAt(job, 'spec'));
}

export function defaultCronJob(cronJob: JsonObject): void {
  const spec = objectAt(cronJob, 'spec');
  setDefault(spec, 'concurrencyPolicy', 'Allow');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'successfulJobsHistoryLimit', 3);
  setDefault(spec, 'failedJobsHistoryLimit', 1);
  if (isObject(spec['jobTemplate']) && isObject(spec['jobTemplate']['spec']))
    defaultPodTemplate(spec['jobTemplate']['spec']);
}

export function defaultAutoscaler(hpa: JsonObject): void {
  const spec = objectAt(hpa, 'spec');
  setDefault(spec, 'minReplicas', 1);
  if (objectsOf(spec['metrics']).length > 0) return;
  spec['metrics'] = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ];
}
