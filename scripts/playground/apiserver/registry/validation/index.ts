import { levelFaults } from '../admission/pod-security.ts';
import { isObject, type JsonObject } from '../../../storage/json.ts';
import { validateAnnotations, validateLabels, validateName } from '../names.ts';
import type { ResourceType } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import type { FieldError } from '../../status-error.ts';
import type { KubeObject, ResourceKey } from '../../../storage/types.ts';
import { schemaOf } from '../schema/schema.ts';
import { validateAutoscaler } from './autoscaler.ts';
import { validateBinding } from './binding.ts';
import { validateConfigMap, validateSecret } from './config-map.ts';
import { validateDefinition } from '../custom/definition.ts';
import { validateOpenApi } from '../custom/validate-openapi.ts';
import { validateBySchema } from './custom-resource.ts';
import { admitIstio } from './istio-webhook.ts';
import { validatePod } from './pod.ts';
import { validateDeployment, validateReplicaSet, validateTemplateAt } from './workloads.ts';

type Validate = (object: JsonObject, previous: KubeObject | undefined) => FieldError[];

const ISTIO = 'networking.istio.io';

/** @throws what istiod's validating webhook answers */
function customErrors(type: ResourceType, object: JsonObject): FieldError[] {
  if (!type.custom) return [];
  if (type.defined !== undefined) return validateOpenApi(type.defined.openApi, object);
  const errors = validateBySchema(schemaOf(type), object);
  if (errors.length === 0 && type.group === ISTIO) admitIstio(type.kind, object);
  return errors;
}

const VALIDATORS: Record<ResourceKey, Validate> = {
  'v1/configmaps': validateConfigMap,
  'v1/namespaces': levelFaults,
  'v1/pods': validatePod,
  'v1/podtemplates': validateTemplateAt('template'),
  'v1/replicationcontrollers': validateTemplateAt('spec', 'template'),
  'v1/secrets': validateSecret,
  'apiextensions.k8s.io/v1/customresourcedefinitions': validateDefinition,
  'apps/v1/daemonsets': validateTemplateAt('spec', 'template'),
  'apps/v1/deployments': validateDeployment,
  'autoscaling/v2/horizontalpodautoscalers': validateAutoscaler,
  'apps/v1/replicasets': validateReplicaSet,
  'batch/v1/cronjobs': validateTemplateAt('spec', 'jobTemplate', 'spec', 'template'),
  'batch/v1/jobs': validateTemplateAt('spec', 'template'),
  'rbac.authorization.k8s.io/v1/clusterrolebindings': validateBinding(['ClusterRole']),
  'rbac.authorization.k8s.io/v1/rolebindings': validateBinding(['Role', 'ClusterRole']),
};

function validateMetadata(type: ResourceType, object: JsonObject): FieldError[] {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  return [
    ...validateName(type, typeof metadata['name'] === 'string' ? metadata['name'] : ''),
    ...validateLabels(metadata['labels'] as Record<string, string> | undefined, 'metadata.labels'),
    ...validateAnnotations(metadata['annotations'] as Record<string, string> | undefined),
  ];
}

export function validateCreate(type: ResourceType, object: JsonObject): FieldError[] {
  return [
    ...validateMetadata(type, object),
    ...customErrors(type, object),
    ...(VALIDATORS[resourceKey(type)]?.(object, undefined) ?? []),
  ];
}

export function validateUpdate(
  type: ResourceType,
  object: JsonObject,
  previous: KubeObject,
  subresource: string | undefined,
): FieldError[] {
  if (subresource === 'status') return [];
  return [
    ...validateMetadata(type, object),
    ...customErrors(type, object),
    ...(VALIDATORS[resourceKey(type)]?.(object, previous) ?? []),
  ];
}
