/** Whether a Deployment is rolled out, and if not, what its pods say about it. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { messageOf } from '../../shared/errors.ts';
import { isReady } from '../../shared/kubernetes.ts';
import type { Container, Deployment, Pod } from '../../shared/kubernetes.ts';

export interface Rollout {
  done: boolean;
  /** It will not become ready by waiting: the Deployment itself has given up. */
  failed: string | undefined;
  /** `1/2 pods ready` */
  summary: string;
}

export function rolloutOf({ metadata, spec, status = {} }: Deployment, pods: Pod[]): Rollout {
  const wanted = spec.replicas ?? 1;
  const ready = pods.filter(isReady).length;
  const observed = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  return {
    done:
      observed &&
      (status.updatedReplicas ?? 0) === wanted &&
      (status.replicas ?? 0) === wanted &&
      (status.readyReplicas ?? 0) === wanted &&
      ready >= wanted,
    failed:
      observed && progressing?.status === 'False' ? (progressing.message ?? progressing.reason) : undefined,
    summary: `${ready}/${wanted} pods ready`,
  };
}

/** Why the first unready pod is not ready, as exactly as the cluster knows: `pod v2-7d9f: GET /readyz answered 503`. */
export async function explainUnready(cluster: Cluster, pods: Pod[]): Promise<string> {
  const [pod] = pods.filter(
    (candidate) => !isReady(candidate) && candidate.metadata.deletionTimestamp === undefined,
  );
  if (pod === undefined)
    return pods.length === 0 ? 'no pod was created' : 'all pods are ready, the rollout is not';
  return `pod ${pod.metadata.name}: ${explainPod(pod) ?? (await askProbe(cluster, pod)) ?? 'not ready'}`;
}

function explainPod({ status = {} }: Pod): string | undefined {
  for (const { name, state, lastState } of [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
  ]) {
    const { waiting, terminated } = state ?? {};
    // The ordinary beginning, not a reason.
    if (waiting && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing') {
      const last = lastState?.terminated;
      const crash = last ? `, last exit code ${last.exitCode ?? '?'}` : '';
      const message = waiting.message === undefined ? '' : `: ${waiting.message}`;
      return `container ${name} ${waiting.reason ?? 'waits'}${crash}${crash ? '' : message}`;
    }
    if (terminated && terminated.exitCode !== 0)
      return `container ${name} ended with exit code ${terminated.exitCode ?? '?'}`;
  }
  const unscheduled = status.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled) return unscheduled.message ?? unscheduled.reason;
  return status.phase === 'Pending' ? 'still starting' : undefined;
}

/** Asks the question of the probe that holds the pod up: until the startup probe has succeeded, nobody asks whether it is ready. */
async function askProbe(cluster: Cluster, pod: Pod): Promise<string | undefined> {
  const { name, namespace = cluster.namespace } = pod.metadata;
  const unready = new Map(
    (pod.status?.containerStatuses ?? [])
      .filter(({ ready }) => !ready)
      .map((status) => [status.name, status] as const),
  );
  for (const container of pod.spec.containers) {
    const status = unready.get(container.name);
    const isStarting = status?.started === false && container.startupProbe !== undefined;
    const probe = (isStarting ? container.startupProbe : container.readinessProbe)?.httpGet;
    const port = probe && portOf(container, probe.port);
    if (status === undefined || probe === undefined || port === undefined) continue;
    const asked = `${isStarting ? 'startup probe ' : ''}GET ${probe.path ?? '/'}`;
    const forward = cluster.forward(namespace, name, port);
    try {
      const answer = await forward.request(probe.path ?? '/', { timeoutMs: 2000 });
      return `${asked} answered ${answer.status}`;
    } catch (error) {
      return `${asked} got no answer: ${messageOf(error)}`;
    } finally {
      forward.close();
    }
  }
  return undefined;
}

/** A port by number, or by the name the container gives it. */
export function portOf({ ports = [] }: Container, port: number | string): number | undefined {
  return typeof port === 'number' ? port : ports.find(({ name }) => name === port)?.containerPort;
}
