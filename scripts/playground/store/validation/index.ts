import { isObject, type JsonObject } from '../json.ts';
import { validateAnnotations, validateLabels, validateName } from '../names.ts';
import { resourceKey, type ResourceType } from '../registry.ts';
import type { FieldError } from '../status-error.ts';
import type { KubeObject, ResourceKey } from '../types.ts';
import { validateDeployment, validateReplicaSet } from './workloads.ts';

type Validate = (object: JsonObject, previous: KubeObject | undefined) => FieldError[];

const VALIDATORS: Record<ResourceKey, Validate> = {
  'apps/v1/deployments': validateDeployment,
  'apps/v1/replicasets': validateReplicaSet,
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
  return [...validateMetadata(type, object), ...(VALIDATORS[resourceKey(type)]?.(object, undefined) ?? [])];
}

export function validateUpdate(
  type: ResourceType,
  object: JsonObject,
  previous: KubeObject,
  subresource: string | undefined,
): FieldError[] {
  if (subresource === 'status') return [];
  return [...validateMetadata(type, object), ...(VALIDATORS[resourceKey(type)]?.(object, previous) ?? [])];
}
