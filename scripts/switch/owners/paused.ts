/** Whether an owner is paused for an object: by an annotation of the object, or by the owner's own object. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isOutOfReach } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';
import type { Owner } from './owner.ts';

/** `unknown`: the owner's object cannot be read from here. */
export type Pause = 'paused' | 'active' | 'unknown';

/** Kinds that the scripts do not need: discovery shows whether a cluster has them. */
const APPLICATIONS: Resource = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  plural: 'applications',
  kind: 'Application',
  namespaced: true,
};
const KUSTOMIZATIONS: Resource = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'kustomizations',
  kind: 'Kustomization',
  namespaced: true,
};
const HELM_RELEASES: Resource = {
  group: 'helm.toolkit.fluxcd.io',
  version: 'v2',
  plural: 'helmreleases',
  kind: 'HelmRelease',
  namespaced: true,
};

/** Argo CD's default namespace, for an object that names no other. */
export const ARGO_CD_NAMESPACE = 'argocd';

interface Suspendable extends KubernetesObject {
  spec?: { suspend?: boolean };
}

/** https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/ */
interface Difference {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  jsonPointers?: string[];
  jqPathExpressions?: string[];
}

interface Application extends KubernetesObject {
  spec?: {
    ignoreDifferences?: Difference[];
    syncPolicy?: { automated?: { enabled?: boolean } | null; syncOptions?: string[] };
  };
}

/**
 * The objects that an owner may overwrite, and whether that is certain. Empty: it is paused for all of them.
 * @param objects the objects of this owner
 */
export async function notPaused(
  { cluster, signal }: { cluster: Cluster; signal: AbortSignal },
  { kind, name, namespace }: Owner,
  objects: readonly SeenObject[],
): Promise<{ pause: Pause; left: readonly SeenObject[] }> {
  const read = <T extends KubernetesObject>(resource: Resource, home = namespace) =>
    readOwner<T>(cluster, resource, { name, namespace: home, signal });
  const all = (pause: Pause) => ({ pause, left: pause === 'paused' ? [] : objects });
  switch (kind) {
    case 'Kustomization': {
      const left = objects.filter(({ object }) => !isLeftAlone(object));
      if (left.length === 0) return all('paused');
      const found = await read<Suspendable>(KUSTOMIZATIONS);
      return found?.spec?.suspend === true ? all('paused') : { pause: found ? 'active' : 'unknown', left };
    }
    case 'HelmRelease': {
      const found = await read<Suspendable>(HELM_RELEASES);
      return all(found === undefined ? 'unknown' : found.spec?.suspend === true ? 'paused' : 'active');
    }
    case 'Application': {
      const found = await read<Application>(APPLICATIONS, namespace ?? ARGO_CD_NAMESPACE);
      if (found === undefined) return all('unknown');
      return all(!isAutomated(found) || areIgnored(found, objects) ? 'paused' : 'active');
    }
    default:
      return all('unknown');
  }
}

/** https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources */
function isLeftAlone({ metadata: { annotations = {} } }: KubernetesObject): boolean {
  const apply = annotations['kustomize.toolkit.fluxcd.io/ssa']?.toLowerCase();
  return (
    annotations['kustomize.toolkit.fluxcd.io/reconcile'] === 'disabled' ||
    apply === 'ignore' ||
    apply === 'ifnotpresent'
  );
}

/**
 * https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
 * https://argo-cd.readthedocs.io/en/stable/user-guide/skip_reconcile/
 */
function isAutomated({ metadata: { annotations = {} }, spec }: Application): boolean {
  const { automated } = spec?.syncPolicy ?? {};
  if (annotations['argocd.argoproj.io/skip-reconcile'] === 'true') return false;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}

/** The field of each kind that a switch writes and an owner's files set. */
const WRITTEN: Readonly<Record<string, string>> = {
  VirtualService: 'http',
  DestinationRule: 'subsets',
  HTTPRoute: 'rules',
};

/**
 * Whether the Application ignores the routes and the subsets: each as a whole field, and during a sync too. A
 * part of a list does not count, as Argo CD then freezes the element or the list
 * (https://github.com/argoproj/argo-cd/issues/9678). A Deployment may be reverted: that moves no traffic.
 */
function areIgnored({ spec = {} }: Application, objects: readonly SeenObject[]): boolean {
  const { ignoreDifferences = [], syncPolicy = {} } = spec;
  const routing = objects.filter(({ resource }) => resource.kind in WRITTEN);
  const isHeeded = (syncPolicy.syncOptions ?? []).includes('RespectIgnoreDifferences=true');
  return (
    isHeeded &&
    routing.length > 0 &&
    routing.every((one) => ignoreDifferences.some((rule) => isWhole(rule, one)))
  );
}

function isWhole(
  { group, kind, name, namespace, jsonPointers = [], jqPathExpressions = [] }: Difference,
  { resource, object: { metadata } }: SeenObject,
): boolean {
  const means = (wanted: string | undefined, own: string | undefined) =>
    wanted === undefined || wanted === '' || wanted === '*' || wanted === own;
  const isMeant =
    means(group, resource.group) &&
    means(kind, resource.kind) &&
    means(name, metadata.name) &&
    means(namespace, metadata.namespace);
  const paths = [...jsonPointers, ...jqPathExpressions.map((path) => path.trim().replaceAll('.', '/'))];
  return (
    isMeant && paths.some((path) => path === '/spec' || path === `/spec/${WRITTEN[resource.kind] ?? ''}`)
  );
}

/** Undefined where the owner's object does not exist or may not be read. */
async function readOwner<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource,
  { name, namespace, signal }: { name: string; namespace: string | undefined; signal: AbortSignal },
): Promise<T | undefined> {
  try {
    return await cluster.get<T>(resource, name, { namespace, signal });
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
}
