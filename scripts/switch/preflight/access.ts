/** The rights that a switch needs. One that is missing in the middle would be worse than none at all. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { ClusterError } from '../../shared/cluster/errors.ts';
import { CommandError } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';

export interface Right {
  group?: string;
  resource: string;
  subresource?: string;
  verbs: string[];
  /** Needed in every namespace: callers, gateways and istiod live elsewhere. */
  everywhere?: boolean;
}

const istio = 'networking.istio.io';
const gateway = 'gateway.networking.k8s.io';

/** What a switch asks of the API server. in-cluster/role.yaml and cluster-role.yaml grant exactly this. */
export const neededRights: Right[] = [
  { resource: 'services', verbs: ['get'] },
  { resource: 'pods', verbs: ['list'], everywhere: true },
  // Kubernetes before 1.35 asks for get, since then for create as well: a WebSocket upgrade is a GET.
  { resource: 'pods', subresource: 'portforward', verbs: ['get', 'create'], everywhere: true },
  { group: 'apps', resource: 'deployments', verbs: ['list', 'create', 'patch', 'delete'] },
  {
    group: 'autoscaling',
    resource: 'horizontalpodautoscalers',
    verbs: ['list', 'create', 'patch', 'delete'],
  },
  { group: istio, resource: 'virtualservices', verbs: ['get', 'patch'] },
  { group: istio, resource: 'virtualservices', verbs: ['list'], everywhere: true },
  { group: istio, resource: 'destinationrules', verbs: ['get', 'patch'] },
  { group: istio, resource: 'destinationrules', verbs: ['list'], everywhere: true },
  { group: istio, resource: 'sidecars', verbs: ['list'], everywhere: true },
  { group: gateway, resource: 'httproutes', verbs: ['list'], everywhere: true },
  { group: gateway, resource: 'grpcroutes', verbs: ['list'], everywhere: true },
  { group: gateway, resource: 'tlsroutes', verbs: ['list'], everywhere: true },
  { group: gateway, resource: 'tcproutes', verbs: ['list'], everywhere: true },
  { resource: 'resourcequotas', verbs: ['list'] },
  { resource: 'events', verbs: ['create'] },
  { group: 'policy', resource: 'poddisruptionbudgets', verbs: ['list'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'] },
];

/** What a roll back asks for: it makes nothing anew, and looks at nobody else's objects. */
export const rightsToUndo: Right[] = [
  { resource: 'services', verbs: ['get'] },
  { resource: 'pods', verbs: ['list'], everywhere: true },
  { resource: 'pods', subresource: 'portforward', verbs: ['get', 'create'], everywhere: true },
  { group: 'apps', resource: 'deployments', verbs: ['list', 'patch'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list', 'patch'] },
  { group: istio, resource: 'virtualservices', verbs: ['get', 'patch'] },
  { group: istio, resource: 'destinationrules', verbs: ['get', 'patch'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'update'] },
];

/** To delete what the switch itself has made. */
export const rightsToDelete: Right[] = [
  { group: 'apps', resource: 'deployments', verbs: ['delete'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['delete'] },
];

interface AccessReview extends KubernetesObject {
  status?: { allowed?: boolean; reason?: string };
}

/**
 * Names every right that is missing. A server that does not answer such questions is taken at its later word.
 * @param rights by default those of a switch
 * @param ownNamespace by default the connection's; it need not exist yet
 */
export async function verifyAccess(
  cluster: Cluster,
  signal?: AbortSignal,
  {
    rights = neededRights,
    ownNamespace = cluster.namespace,
  }: { rights?: Right[]; ownNamespace?: string } = {},
): Promise<void> {
  const questions = rights.flatMap(({ verbs, ...right }) => verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(
    questions.map(async ({ verb, group = '', resource, subresource = '', everywhere = false }) => {
      const namespace = everywhere ? '' : ownNamespace;
      const review = await cluster
        .create<AccessReview>(
          {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            // A review is an answer, not an object: it has no name.
            metadata: {} as KubernetesObject['metadata'],
            spec: { resourceAttributes: { verb, group, resource, subresource, namespace } },
          },
          { signal },
        )
        .catch((error: unknown) => {
          if (error instanceof ClusterError && (error.status === 403 || error.status === 404))
            return undefined;
          throw error;
        });
      const what = `${verb} ${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''}`;
      return review?.status?.allowed === false ? `${what} in ${namespace || 'every namespace'}` : undefined;
    }),
  );
  const missing = [...new Set(answers.filter((answer) => answer !== undefined))];
  if (missing.length > 0) {
    throw new CommandError(`Not allowed: ${missing.join(', ')}. Nothing was changed.`);
  }
}
