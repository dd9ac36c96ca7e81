import * as client from '@kubernetes/client-node';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as rbac from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import * as core from 'kubernetes-models/v1';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { gatewayApiSchemas } from './gateway-api-schema.ts';
import { istioSchemas } from './istio-schema.ts';

/**
 * A validator compiled from the JSON schemas that Kubernetes
 * publishes, and the generated client's name for the type.
 */
const kinds: Record<string, { model: new (data: never) => { validate(): void }; type: string }> = {
  'apps/v1 Deployment': { model: apps.Deployment, type: 'V1Deployment' },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    model: autoscaling.HorizontalPodAutoscaler,
    type: 'V2HorizontalPodAutoscaler',
  },
  'batch/v1 Job': { model: batch.Job, type: 'V1Job' },
  'networking.k8s.io/v1 NetworkPolicy': { model: networking.NetworkPolicy, type: 'V1NetworkPolicy' },
  'policy/v1 PodDisruptionBudget': { model: policy.PodDisruptionBudget, type: 'V1PodDisruptionBudget' },
  'rbac.authorization.k8s.io/v1 ClusterRole': { model: rbac.ClusterRole, type: 'V1ClusterRole' },
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': {
    model: rbac.ClusterRoleBinding,
    type: 'V1ClusterRoleBinding',
  },
  'rbac.authorization.k8s.io/v1 Role': { model: rbac.Role, type: 'V1Role' },
  'rbac.authorization.k8s.io/v1 RoleBinding': { model: rbac.RoleBinding, type: 'V1RoleBinding' },
  'v1 ConfigMap': { model: core.ConfigMap, type: 'V1ConfigMap' },
  'v1 ServiceAccount': { model: core.ServiceAccount, type: 'V1ServiceAccount' },
  'v1 Service': { model: core.Service, type: 'V1Service' },
};

/** What is wrong with an object by its schema; empty if nothing is. Unknown kinds are wrong. */
export function mistakesOf(object: KubernetesObject): string[] {
  const name = `${String(object.apiVersion)} ${String(object.kind)}`;
  const { apiVersion = '', kind: called = '' } = object;
  const isGatewayApi = apiVersion.startsWith('gateway.networking.k8s.io/');
  const own = (isGatewayApi ? gatewayApiSchemas : istioSchemas)[called];
  if (own) return own(object, called);
  const kind = kinds[name];
  if (!kind) return [`there is no schema for ${name}`];
  return [...violationsOfSchema(new kind.model(object as never)), ...strangersIn(object, kind.type, name)];
}

function violationsOfSchema(model: { validate(): void }): string[] {
  try {
    model.validate();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

interface Generated {
  getAttributeTypeMap(): { baseName: string; type: string }[];
}

/**
 * The published schemas allow fields they do not know; the client
 * generated from the same source knows every field.
 */
function strangersIn(value: unknown, type: string, path: string): string[] {
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item !== undefined && Array.isArray(value))
    return value.flatMap((each, index) => strangersIn(each, item, `${path}[${index}]`));
  const known = (client as unknown as Record<string, Partial<Generated> | undefined>)[
    type
  ]?.getAttributeTypeMap?.();
  if (!known || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const field = known.find(({ baseName }) => baseName === key);
    return field ? strangersIn(each, field.type, `${path}.${key}`) : [`${path}.${key}: is no known field`];
  });
}
