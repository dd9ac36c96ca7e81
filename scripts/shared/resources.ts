/** The resources the scripts use: the API path of each kind. */
import type { KubernetesObject } from './kubernetes.ts';

export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const named = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

export const resources = {
  pods: core('pods', 'Pod'),
  services: core('services', 'Service'),
  events: core('events', 'Event'),
  configMaps: core('configmaps', 'ConfigMap'),
  resourceQuotas: core('resourcequotas', 'ResourceQuota'),
  serviceAccounts: core('serviceaccounts', 'ServiceAccount'),
  namespaces: core('namespaces', 'Namespace', false),
  nodes: core('nodes', 'Node', false),
  deployments: named('apps', 'v1', 'deployments', 'Deployment'),
  jobs: named('batch', 'v1', 'jobs', 'Job'),
  replicaSets: named('apps', 'v1', 'replicasets', 'ReplicaSet'),
  endpointSlices: named('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  horizontalPodAutoscalers: named('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  podDisruptionBudgets: named('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  leases: named('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  gateways: named('networking.istio.io', 'v1', 'gateways', 'Gateway'),
  virtualServices: named('networking.istio.io', 'v1', 'virtualservices', 'VirtualService'),
  destinationRules: named('networking.istio.io', 'v1', 'destinationrules', 'DestinationRule'),
  sidecars: named('networking.istio.io', 'v1', 'sidecars', 'Sidecar'),
  httpRoutes: named('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute'),
  grpcRoutes: named('gateway.networking.k8s.io', 'v1', 'grpcroutes', 'GRPCRoute'),
  tlsRoutes: named('gateway.networking.k8s.io', 'v1', 'tlsroutes', 'TLSRoute'),
  tcpRoutes: named('gateway.networking.k8s.io', 'v1', 'tcproutes', 'TCPRoute'),
  selfSubjectAccessReviews: {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    namespaced: false,
  },
} as const satisfies Record<string, Resource>;

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * The resource an object belongs to; undefined for a kind the scripts do not name: see `Cluster.resourceOf`.
 */
export function knownResourceOf(object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Resource | undefined {
  return Object.values<Resource>(resources).find(
    (resource) => resource.kind === object.kind && apiVersionOf(resource) === object.apiVersion,
  );
}

/** `/apis/apps/v1/namespaces/default/deployments/coffee-shop`. Without a namespace: all namespaces. */
export function pathOf(
  resource: Resource,
  { namespace, name }: { namespace?: string | undefined; name?: string },
): string {
  const base =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope =
    resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${base}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
