/**
 * Checks that both versions fit at once, and that budgets of the current version select the candidate too.
 */
import { ClusterError } from '../../shared/cluster/errors.ts';
import type { Container, Deployment, KubernetesObject, Pod, PodSpec } from '../../shared/kubernetes.ts';
import { parseQuantity } from '../../shared/quantity.ts';
import { resources } from '../../shared/resources.ts';
import { includesAll } from '../../shared/kubernetes.ts';
import type { SwitchContext } from '../context.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

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
 * What a Deployment with `replicas` pods uses of a namespace's quota, as Kubernetes counts it.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-on-object-count
 * @param like a running pod of the app: it also has the injected containers
 */
export function demandOf({ spec }: Deployment, replicas: number, like: Pod | undefined): Map<string, number> {
  const own = longRunning(spec.template.spec);
  const names = new Set(own.map(({ name }) => name));
  // Add only the sidecars that the mesh injects: the app's own containers come from the template.
  const injected = (like ? longRunning(like.spec) : []).filter(
    ({ name }) => name === 'istio-proxy' && !names.has(name),
  );
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

/** The containers and native sidecars of a pod: its requests are the sum of theirs. */
function longRunning({ containers, initContainers = [] }: PodSpec): Container[] {
  return [...containers, ...initContainers.filter((one) => one['restartPolicy'] === 'Always')];
}

/**
 * Refuses when a quota has no room for the demand. Quotas with scopes are not checked: the API server does.
 */
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
 * Notes when the nodes that take any pod have no room for `replicas` more, placed one by one. It is an
 * estimate and refuses nothing: selectors, affinities, tolerations and a cluster autoscaler change the
 * result.
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
      // A resource that a node does not report, or that is not requested, is no limit.
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
  const requests = longRunning(spec).map(
    (container) => ((container['resources'] ?? {}) as Resources).requests?.[name] ?? 0,
  );
  return requests.reduce<number>((sum, quantity) => sum + parseQuantity(quantity), 0);
}

/**
 * Notes the PodDisruptionBudgets that select the current version's pods and will not select the candidate's.
 */
export function unguarded(
  budgets: Budget[],
  current: Deployment | undefined,
  candidate: Deployment,
  to: string,
): string[] {
  const labels = (deployment: Deployment | undefined) => deployment?.spec.template.metadata?.labels ?? {};
  return budgets.flatMap(({ metadata, spec }) => {
    const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
    if (matchExpressions.length > 0 || Object.keys(matchLabels).length === 0) return [];
    const guards = includesAll(labels(current), matchLabels) && !includesAll(labels(candidate), matchLabels);
    return guards ? [`PodDisruptionBudget ${metadata.name} guards only the old pods, not ${to}'s`] : [];
  });
}

/** Notes about the end of the current version's pods. */
export function endOf(current: Deployment | undefined, from: string): string[] {
  const containers = current?.spec.template.spec.containers ?? [];
  const hooked = containers.some(({ lifecycle }) => lifecycle?.preStop !== undefined);
  return current === undefined || hooked
    ? []
    : [
        `${from}'s pods have no preStop hook: the switch keeps requests away from their end, an eviction before it would not`,
      ];
}

/** Reads the nodes. Without the right to, the check is left to the scheduler. */
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

export const bothVersionsFit: Check = {
  title: 'both versions fit at once',
  async run({ context, current, candidate, existing, pod }) {
    const { cluster, signal, from, to } = context;
    const [quotas, budgets] = await Promise.all([
      cluster.list<Quota>(resources.resourceQuotas, { signal }),
      cluster.list<Budget>(resources.podDisruptionBudgets, { signal }),
    ]);
    const replicas = current?.spec.replicas ?? 1;
    const demand = demandOf(candidate, replicas, pod);
    const isNew = existing === undefined;
    if (isNew) verifyQuota(quotas, demand, `${replicas} pods of ${to}`);
    const full = isNew ? await lookAtNodes(context, demand, replicas) : [];
    return [...full, ...unguarded(budgets, current, candidate, to), ...endOf(current, from)];
  },
};
