/** The rights that a switch needs. A missing one must be found before the first write. */
import { verifyRights, type Right } from '../../shared/cluster/access.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { resources } from '../../shared/resources.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';

const istio = 'networking.istio.io';
const gateway = 'gateway.networking.k8s.io';

/** The rights of a switch. in-cluster/role.yaml and cluster-role.yaml grant exactly these. */
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

/** The rights of a roll back: it creates nothing and reads no foreign objects. */
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

/** For a switch by HTTPRoute, which has a Service for each version. */
const versionServices: Right = { resource: 'services', verbs: ['get', 'list', 'create', 'patch', 'delete'] };
const ownHttpRoutes: Right = { group: gateway, resource: 'httproutes', verbs: ['get', 'patch'] };
const isForSubsets = ({ group, resource, everywhere }: Right) =>
  resource === 'services' ||
  (group === istio && (resource === 'destinationrules' || (resource === 'virtualservices' && !everywhere)));

/** To read that there is no VirtualService: one takes precedence over an HTTPRoute. */
const lookForSubsets: Right[] = [
  { group: istio, resource: 'virtualservices', verbs: ['get'] },
  { group: istio, resource: 'destinationrules', verbs: ['get'] },
];

/** For an HTTPRoute. in-cluster/role-http-route.yaml and cluster-role-http-route.yaml grant exactly these. */
export const httpRouteRights: Right[] = [
  versionServices,
  ...lookForSubsets,
  ...neededRights.filter((right) => !isForSubsets(right)),
  ownHttpRoutes,
  { group: gateway, resource: 'gateways', verbs: ['list'], everywhere: true },
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['get'],
    everywhere: true,
  },
];

const httpRouteRightsToUndo: Right[] = [
  versionServices,
  ...lookForSubsets,
  ...rightsToUndo.filter((right) => !isForSubsets(right)),
  ownHttpRoutes,
];

/** The rights of a switch and of a roll back, by the object that routes the traffic. */
export function rightsFor({ routesName }: Pick<TrafficRouting, 'routesName'>): {
  toSwitch: Right[];
  toUndo: Right[];
} {
  return routesName.kind === resources.httpRoutes.kind
    ? { toSwitch: httpRouteRights, toUndo: httpRouteRightsToUndo }
    : { toSwitch: neededRights, toUndo: rightsToUndo };
}

/** To delete objects that the switch itself has created. */
export const rightsToDelete: Right[] = [
  { group: 'apps', resource: 'deployments', verbs: ['delete'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['delete'] },
];

/**
 * @param rights by default those of a switch
 * @param ownNamespace by default the connection's; it need not exist yet
 * @throws {CommandError} that names all missing rights
 */
export function verifyAccess(
  cluster: Cluster,
  signal?: AbortSignal,
  { rights = neededRights, ownNamespace }: { rights?: Right[]; ownNamespace?: string } = {},
): Promise<void> {
  return verifyRights(cluster, rights, { signal, ...(ownNamespace === undefined ? {} : { ownNamespace }) });
}
