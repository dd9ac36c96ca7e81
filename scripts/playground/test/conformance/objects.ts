/** Objects as they come from the API, looked at by path. */

export interface Thing {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    creationTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; uid: string }[];
    finalizers?: string[];
    managedFields?: unknown[];
  };
  [field: string]: unknown;
}

/** The value at `status.conditions.0.type`; undefined where the path ends early. */
export function at(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      object,
    );
}

/** A number at a path; 0 where there is none, as Go's omitempty leaves zeros out. */
export function count(object: unknown, path: string): number {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
}

export function list(object: unknown, path: string): unknown[] {
  const value = at(object, path);
  return Array.isArray(value) ? value : [];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export function condition(object: unknown, type: string): Condition | undefined {
  return (list(object, 'status.conditions') as Condition[]).find((one) => one.type === type);
}

export function isReady(pod: Thing): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

/** The status of a container, also of an init container. */
export function container(pod: Thing, name = 'app'): unknown {
  return [...list(pod, 'status.containerStatuses'), ...list(pod, 'status.initContainerStatuses')].find(
    (one) => at(one, 'name') === name,
  );
}

const GROUPS: Record<string, string> = {
  deployments: 'apis/apps/v1',
  replicasets: 'apis/apps/v1',
  jobs: 'apis/batch/v1',
  endpointslices: 'apis/discovery.k8s.io/v1',
  poddisruptionbudgets: 'apis/policy/v1',
  horizontalpodautoscalers: 'apis/autoscaling/v2',
  virtualservices: 'apis/networking.istio.io/v1',
  destinationrules: 'apis/networking.istio.io/v1',
};

const KINDS: Record<string, string> = {
  pods: 'Pod',
  services: 'Service',
  configmaps: 'ConfigMap',
  secrets: 'Secret',
  serviceaccounts: 'ServiceAccount',
  namespaces: 'Namespace',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  jobs: 'Job',
  poddisruptionbudgets: 'PodDisruptionBudget',
  horizontalpodautoscalers: 'HorizontalPodAutoscaler',
  virtualservices: 'VirtualService',
  destinationrules: 'DestinationRule',
};

/** `/api/v1/namespaces/NS/pods/NAME/log` for `pathOf(NS, 'pods/NAME/log')`. */
export function pathOf(namespace: string, rest: string): string {
  const plural = /^[a-z]+/.exec(rest)?.[0] ?? '';
  return `/${GROUPS[plural] ?? 'api/v1'}/namespaces/${namespace}/${rest}`;
}

/** `apiVersion` and `kind` of a plural. */
export function typeOf(plural: string): { apiVersion: string; kind: string } {
  return { apiVersion: (GROUPS[plural] ?? 'api/v1').replace(/^apis?\//, ''), kind: KINDS[plural] ?? '' };
}
