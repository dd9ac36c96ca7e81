/**
 * The objects of a version: its Deployment, those that the set `version` renders for it alone, its
 * autoscalers.
 */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { autoscalersOf } from './autoscaler.ts';
import { applyOf, deleteOf } from './change.ts';
import type { Change } from './change.ts';
import { renderVersion } from './render-version.ts';
import type { SwitchContext } from '../context.ts';
import { findVersion, listVersions } from '../cluster-state/versions.ts';

/**
 * Deletes the objects of a version, the Deployment first: while it exists the version may have to serve
 * again.
 */
export async function deleteVersion(context: SwitchContext, version: string): Promise<Change[]> {
  const { cluster } = context;
  const deployment = findVersion(await listVersions(cluster, context), version);
  const others = await objectsOfVersion(context, version, deployment);
  const there = await Promise.all(
    others.map(async (object): Promise<Change[]> => {
      const found = await findLive(context, object);
      return found === undefined ? [] : [deleteOf(await cluster.resourceOf(object), object)];
    }),
  );
  return [...(deployment ? [deletion(deployment)] : []), ...there.flat()];
}

function deletion(deployment: Deployment): Change {
  const pods = deployment.spec.replicas ?? 1;
  const remarks = [`(${pods} pod${pods === 1 ? '' : 's'})`];
  return deleteOf(resources.deployments, deployment, { uid: deployment.metadata.uid, remarks });
}

/** Applies an object, whether it exists or not. */
export async function applyObject(context: SwitchContext, object: KubernetesObject): Promise<Change> {
  const before = await findLive(context, object);
  const resource = await context.cluster.resourceOf(object);
  return applyOf(resource, object, before === 'unseen' ? undefined : before);
}

/** The objects of one version only: not those that the set renders under the same name for the other one. */
async function objectsOfVersion(
  context: SwitchContext,
  version: string,
  deployment: Deployment | undefined,
): Promise<KubernetesObject[]> {
  const { cluster, app, options, from, to, deployments, signal } = context;
  const other = version === to ? from : to;
  // A roll back works without a template: then the set gives no further objects.
  const render = (name: string) => renderVersion(options, { app, version: name }).catch(() => undefined);
  const [own, others] = await Promise.all([render(version), render(other)]);
  const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind ?? ''} ${metadata.name}`;
  const shared = new Set(others?.others.map(keyOf));
  const rendered = (own?.others ?? []).filter((object) => !shared.has(keyOf(object)));
  const name = deployment?.metadata.name ?? (version === to ? deployments.to : deployments.from);
  const scaling = await autoscalersOf(cluster, name, signal);
  const found = scaling.map((object) => ({
    ...object,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
  }));
  return [...new Map([...rendered, ...found].map((object) => [keyOf(object), object])).values()];
}

/**
 * The object as it is now; `unseen` where the switch has the right to create and delete it, but not to read
 * it.
 */
export async function findLive(
  { cluster, namespace, signal }: SwitchContext,
  object: KubernetesObject,
): Promise<KubernetesObject | 'unseen' | undefined> {
  const resource = await cluster.resourceOf(object);
  const { name, namespace: own = namespace } = object.metadata;
  try {
    return await cluster.get(resource, name, { namespace: own, signal });
  } catch (error) {
    if (error instanceof ClusterError && error.status === 403) return 'unseen';
    throw error;
  }
}
