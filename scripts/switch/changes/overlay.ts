/** The cluster as the planned changes would leave it. Reads see these changes; nothing is stored. */
import type { Cluster, ListOptions } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import type { Change } from './change.ts';

export interface Overlay {
  cluster: Cluster;
  /**
   * Adds a change and returns the object as it would be. A change of an existing object goes through the API
   * server's dry run, which sets defaults and merges lists.
   * https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
   */
  add(change: Change): Promise<KubernetesObject | undefined>;
}

interface Laid {
  resource: Resource;
  name: string;
  object: KubernetesObject | undefined;
}

export function createOverlay(cluster: Cluster, signal: AbortSignal): Overlay {
  const laid = new Map<string, Laid>();
  const keyOf = ({ plural, group }: Resource, name: string) => `${plural}.${group} ${name}`;

  async function dryRun({ verb, resource, before, after }: Change): Promise<KubernetesObject | undefined> {
    if (verb !== 'apply' || before === undefined || after === undefined) return after;
    const namespace = resource.namespaced ? { namespace: cluster.namespace } : {};
    const placed = { ...after, metadata: { ...namespace, ...after.metadata } };
    return cluster.apply(placed, { dryRun: true, force: true, signal });
  }

  async function list<T extends KubernetesObject>(resource: Resource, options?: ListOptions): Promise<T[]> {
    const found = await cluster.list<T>(resource, options);
    const isOver = ({ metadata: { name, namespace } }: T) =>
      (namespace ?? cluster.namespace) === cluster.namespace && laid.has(keyOf(resource, name));
    const over = [...laid.values()].filter(
      ({ resource: { plural, group } }) => plural === resource.plural && group === resource.group,
    );
    return [
      ...found.filter((object) => !isOver(object)),
      ...over.flatMap(({ object }) => (object && matches(object, options) ? [object as T] : [])),
    ];
  }

  return {
    cluster: {
      ...cluster,
      list,
      get: async <T extends KubernetesObject>(...[resource, name, options]: Parameters<Cluster['get']>) => {
        const one = laid.get(keyOf(resource, name));
        return one === undefined ? cluster.get<T>(resource, name, options) : (one.object as T | undefined);
      },
    },
    async add(change) {
      if (change.verb === 'keep') return change.after;
      const object = await dryRun(change);
      const { resource, name } = change;
      laid.set(keyOf(resource, name), { resource, name, object });
      return object;
    },
  };
}

function matches(
  { metadata: { labels = {} } }: KubernetesObject,
  { labelSelector = '' }: ListOptions = {},
): boolean {
  return labelSelector
    .split(',')
    .filter((pair) => pair !== '')
    .every((pair) => labels[pair.slice(0, pair.indexOf('='))] === pair.slice(pair.indexOf('=') + 1));
}
