/** The changes that rendered objects would make in the cluster, by the API server's dry run. */
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { ClusterError } from '../../shared/cluster/errors.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { withoutServers } from '../changes/describe-change.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';

/** The number of fields that are named for each object. */
const NAMED = 3;

/**
 * One line for each object that differs from its rendering. Fields are named without their values, which may
 * be secrets. Where several sets render an object, the rendering with the fewest differences counts.
 * @param seen the objects that a switch writes, as they are in the cluster
 * @param rendered the objects that the sets render
 */
export async function differencesOf(
  cluster: Cluster,
  seen: readonly SeenObject[],
  rendered: readonly KubernetesObject[],
): Promise<string[]> {
  const lines = await Promise.all(
    seen.map(async ({ resource, object: live }) => {
      const meant = rendered.filter(
        ({ kind, metadata: { name, namespace = cluster.namespace } }) =>
          kind === resource.kind && name === live.metadata.name && namespace === cluster.namespace,
      );
      const all = await Promise.all(meant.map((object) => fieldsThatChange(cluster, live, object)));
      const [nearest] = all.sort((one, other) => one.length - other.length);
      if (nearest === undefined || nearest.length === 0) return [];
      const more = nearest.length > NAMED ? ` and ${nearest.length - NAMED} more` : '';
      return [`${resource.kind} ${live.metadata.name} (${nearest.slice(0, NAMED).join(', ')}${more})`];
    }),
  );
  return lines.flat();
}

async function fieldsThatChange(
  cluster: Cluster,
  live: KubernetesObject,
  object: KubernetesObject,
): Promise<string[]> {
  const placed = { ...object, metadata: { ...object.metadata, namespace: cluster.namespace } };
  try {
    const after: KubernetesObject = await cluster.apply(placed, { dryRun: true, force: true });
    // Compare in the live object's API version, whatever the file uses.
    const { apiVersion = '' } = live;
    return pathsOf(withoutServers(live), withoutServers({ ...after, apiVersion }), '');
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status < 400 || error.status >= 500) throw error;
    return [`the API server refuses it: ${messageOf(error)}`];
  }
}

function pathsOf(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const isList = Array.isArray(before) && Array.isArray(after) && before.length === after.length;
  if (!isList && !(isMap(before) && isMap(after))) return [path.slice(1)];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) =>
    pathsOf((before as Fields)[key], (after as Fields)[key], isList ? `${path}[${key}]` : `${path}.${key}`),
  );
}

type Fields = Record<string, unknown>;

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
