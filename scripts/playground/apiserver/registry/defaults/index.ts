import { defaultLimitRange } from '../admission/limit-range.ts';
import { defaultDefinition } from '../custom/definition.ts';
import type { JsonObject } from '../../../storage/json.ts';
import type { ResourceKey } from '../../../storage/types.ts';
import { defaultEndpoints, defaultEndpointSlice, defaultNetworkPolicy, defaultService } from './network.ts';
import { defaultPod, objectAt, setDefault } from './pod.ts';
import {
  defaultAutoscaler,
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultStatefulSet,
} from './workloads.ts';

const DEFAULTS: Record<ResourceKey, (draft: JsonObject) => void> = {
  'v1/pods': defaultPod,
  'v1/services': defaultService,
  'v1/endpoints': defaultEndpoints,
  'v1/limitranges': defaultLimitRange,
  'v1/secrets': (secret) => setDefault(secret, 'type', 'Opaque'),
  'apiextensions.k8s.io/v1/customresourcedefinitions': defaultDefinition,
  'apps/v1/deployments': defaultDeployment,
  'apps/v1/replicasets': defaultReplicaSet,
  'apps/v1/statefulsets': defaultStatefulSet,
  'apps/v1/daemonsets': defaultDaemonSet,
  'batch/v1/jobs': defaultJob,
  'batch/v1/cronjobs': defaultCronJob,
  'autoscaling/v2/horizontalpodautoscalers': defaultAutoscaler,
  'discovery.k8s.io/v1/endpointslices': defaultEndpointSlice,
  'networking.k8s.io/v1/networkpolicies': defaultNetworkPolicy,
  'v1/namespaces': (namespace) => {
    const metadata = objectAt(namespace, 'metadata');
    objectAt(metadata, 'labels')['kubernetes.io/metadata.name'] = metadata['name'];
  },
};

/** Fills in what the API server fills in when a field is left out. */
export function applyDefaults(resource: ResourceKey, draft: JsonObject): void {
  DEFAULTS[resource]?.(draft);
}
