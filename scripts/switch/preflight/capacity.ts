/** Whether both versions fit at once, and what guards the old one that the new one will not have. */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Container, Deployment, KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { includesAll } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { parseQuantity } from '../../shared/quantity.ts';
import { refuse } from '../refuse.ts';

export interface Quota extends KubernetesObject {
  spec?: { hard?: Record<string, string>; scopes?: string[]; scopeSelector?: unknown };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

export interface Budget extends KubernetesObject {
  spec?: { selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] } };
}

interface Resources {
  requests?: Record<string, string | number>;
  limits?: Record<string, string | number>;
}

/**
 * What the new Deployment with `replicas` pods takes of a namespace's quota, as Kubernetes counts it. `like` is a running pod: it also has what is
 * injected. https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-on-object-count
 */
export function demandOf({ spec }: Deployment, replicas: number, like: Pod | undefined): Map<string, number> {
  const template = spec.template.spec;
  const own = [...template.containers, ...(template.initContainers ?? []).filter(keepsRunning)];
  const names = new Set(own.map(({ name }) => name));
  const live = like
    ? [...like.spec.containers, ...(like.spec.initContainers ?? []).filter(keepsRunning)]
    : [];
  // Only sidecars that the mesh adds: the app's own containers are those of the new template.
  const injected = live.filter(({ name }) => name === 'istio-proxy' && !names.has(name));
  const demand = new Map<string, number>([
    ['pods', replicas],
    ['count/pods', replicas],
    ['count/deployments.apps', 1],
    ['count/replicasets.apps', 1],
  ]);
  const add = (name: string, amount: number) => demand.set(name, (demand.get(name) ?? 0) + amount * replicas);
  for (const container of [...own, ...injected]) {
    const { requests = {}, limits = {} } = (container['resources'] ?? {}) as Resources;
    for (const [name, quantity] of Object.entries({ ...limits, ...requests })) {
      add(`requests.${name}`, parseQuantity(quantity));
      add(name, parseQuantity(quantity));
    }
    for (const [name, quantity] of Object.entries(limits)) add(`limits.${name}`, parseQuantity(quantity));
  }
  return demand;
}

const keepsRunning = (container: Container) => container['restartPolicy'] === 'Always';

/** Refuses when a quota of the namespace has no room for the demand. Quotas for special classes of pods are left to the API server. */
export function verifyQuota(quotas: Quota[], demand: Map<string, number>, what: string): void {
  for (const { metadata, spec, status } of quotas) {
    if ((spec?.scopes?.length ?? 0) > 0 || spec?.scopeSelector !== undefined) continue;
    for (const [name, hard] of Object.entries(status?.hard ?? {})) {
      const wanted = demand.get(name);
      const used = status?.used?.[name] ?? '0';
      if (wanted === undefined || parseQuantity(used) + wanted <= parseQuantity(hard)) continue;
      refuse(
        `ResourceQuota ${metadata.name} has no room for ${what}: ${name} is ${used} of ${hard}, and ${round(wanted)} more are needed while both versions run`,
      );
    }
  }
}

const round = (amount: number) => Math.round(amount * 1000) / 1000;

export interface Node extends KubernetesObject {
  spec?: { unschedulable?: boolean; taints?: { effect: string }[] };
  status?: { allocatable?: Record<string, string>; conditions?: { type: string; status: string }[] };
}

/**
 * Whether the nodes that take any pod have room for `replicas` more, one by one as a scheduler would place them. A guess: selectors, affinities,
 * tolerations and a cluster autoscaler may make it more or less, so it is told and refuses nothing.
 */
export function crowded(nodes: Node[], pods: Pod[], demand: Map<string, number>, replicas: number): string[] {
  const open = nodes.filter(
    ({ spec = {}, status }) =>
      spec.unschedulable !== true &&
      !(spec.taints ?? []).some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute') &&
      (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  const each = new Map(
    ['cpu', 'memory', 'pods'].map((name) => [name, (demand.get(name) ?? 0) / Math.max(1, replicas)]),
  );
  let room = 0;
  for (const { metadata, status } of open) {
    const here = pods.filter(
      ({ spec, status: is }) =>
        spec['nodeName'] === metadata.name && is?.phase !== 'Succeeded' && is?.phase !== 'Failed',
    );
    const fits = [...each].map(([name, wanted]) => {
      const has = parseQuantity(status?.allocatable?.[name] ?? 'none');
      const taken = here.reduce((sum, pod) => sum + requestOf(pod, name), 0);
      // What a node does not tell, or nobody asks for, is no limit.
      return wanted > 0 && !Number.isNaN(has)
        ? Math.max(0, Math.floor((has - taken) / wanted + 1e-9))
        : Infinity;
    });
    room += Math.min(...fits);
  }
  return room >= replicas || open.length === 0
    ? []
    : [
        `The nodes seem to have room for ${room} of ${replicas} new pods (${open.length} open to any pod): the others may wait for a node`,
      ];
}

function requestOf({ spec }: Pod, name: string): number {
  if (name === 'pods') return 1;
  return [...spec.containers, ...(spec.initContainers ?? []).filter(keepsRunning)].reduce(
    (sum, container) =>
      sum + parseQuantity(((container['resources'] ?? {}) as Resources).requests?.[name] ?? 0),
    0,
  );
}

/** Budgets that guard the old pods but will not select the new ones. */
export function unguarded(
  budgets: Budget[],
  old: Deployment | undefined,
  fresh: Deployment,
  to: string,
): string[] {
  const labels = (deployment: Deployment | undefined) => deployment?.spec.template.metadata?.labels ?? {};
  return budgets.flatMap(({ metadata, spec }) => {
    const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
    if (matchExpressions.length > 0 || Object.keys(matchLabels).length === 0) return [];
    const guards = includesAll(labels(old), matchLabels) && !includesAll(labels(fresh), matchLabels);
    return guards ? [`PodDisruptionBudget ${metadata.name} guards only the old pods, not ${to}'s`] : [];
  });
}

/** What is worth knowing about the version that will end. */
export function endOf(old: Deployment | undefined, from: string): string[] {
  const containers = old?.spec.template.spec.containers ?? [];
  const hooked = containers.some(({ lifecycle }) => lifecycle?.preStop !== undefined);
  return old === undefined || hooked
    ? []
    : [
        `${from}'s pods have no preStop hook: the switch keeps requests away from their end, an eviction before it would not`,
      ];
}

/** Nodes are the cluster's, and a team may not be allowed to see them: then it is left to the scheduler. */
async function lookAtNodes(
  { cluster, signal }: SwitchContext,
  demand: Map<string, number>,
  replicas: number,
): Promise<string[]> {
  try {
    const [nodes, pods] = await Promise.all([
      cluster.list<Node>(resources.nodes, { signal }),
      cluster.list<Pod>(resources.pods, { namespace: '*', signal }),
    ]);
    return crowded(nodes, pods, demand, replicas);
  } catch (error) {
    if (error instanceof ClusterError && error.status === 403) return [];
    throw error;
  }
}

/** All of it; reads the namespace's quotas and budgets. */
export async function verifyCapacity(
  context: SwitchContext,
  {
    old,
    fresh,
    exists,
    like,
  }: { old: Deployment | undefined; fresh: Deployment; exists: boolean; like: Pod | undefined },
): Promise<string[]> {
  const { cluster, signal, from, to } = context;
  const [quotas, budgets] = await Promise.all([
    cluster.list<Quota>(resources.resourceQuotas, { signal }),
    cluster.list<Budget>(resources.podDisruptionBudgets, { signal }),
  ]);
  const replicas = old?.spec.replicas ?? 1;
  const demand = demandOf(fresh, replicas, like);
  if (!exists) verifyQuota(quotas, demand, `${replicas} pods of ${to}`);
  const full = exists ? [] : await lookAtNodes(context, demand, replicas);
  return [...full, ...unguarded(budgets, old, fresh, to), ...endOf(old, from)];
}
