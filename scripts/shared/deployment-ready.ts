/** Whether a Deployment is rolled out, and if not, the reason that its pods give. */
import type { Cluster } from './cluster/cluster.ts';
import { messageOf } from './errors.ts';
import { containerStatusesOf, isReady } from './kubernetes.ts';
import type { Container, Deployment, KubernetesObject, Pod } from './kubernetes.ts';
import { resources } from './resources.ts';

export interface Rollout {
  done: boolean;
  /** Why it will not become ready by waiting. */
  failed: string | undefined;
  /** Why missing pods are not created, in the words of what refuses them. */
  refused: string | undefined;
  /** `1/2 pods ready` */
  summary: string;
}

export function rolloutOf({ metadata, spec, status = {} }: Deployment, pods: Pod[]): Rollout {
  const wanted = spec.replicas ?? 1;
  const ready = pods.filter(isReady).length;
  const observed = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const done =
    observed &&
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.readyReplicas ?? 0) === wanted &&
    ready >= wanted;
  const isShort = observed && (status.replicas ?? 0) < wanted;
  const failure = conditionOf({ status }, 'ReplicaFailure', 'True');
  return {
    done,
    failed: done ? undefined : (standsStill({ metadata, spec, status }) ?? hopeless(pods)),
    refused: isShort ? (failure?.message ?? failure?.reason) : undefined,
    summary: `${ready}/${wanted} pods ready`,
  };
}

/** Why waiting will not help a Deployment that is not rolled out; undefined when it may. */
export function standsStill({
  metadata: { name, generation = 0 },
  spec,
  status = {},
}: Pick<Deployment, 'metadata' | 'spec' | 'status'>): string | undefined {
  if ((status.observedGeneration ?? 0) < generation) return undefined;
  const { replicas = 0, updatedReplicas = 0 } = status;
  // A paused Deployment still creates pods, but of the last rolled out template only.
  if (spec['paused'] === true && (updatedReplicas === 0 || updatedReplicas < replicas))
    return `Deployment ${name} is paused and will not roll out: kubectl rollout resume deployment/${name}`;
  const stopped = conditionOf({ status }, 'Progressing', 'False');
  return stopped && (stopped.message ?? stopped.reason);
}

/** The kubelet's reasons for an image that it will not retry. */
const HOPELESS = ['InvalidImageName', 'ErrImageNeverPull'];

function hopeless(pods: Pod[]): string | undefined {
  const [found] = pods.flatMap((pod) =>
    containerStatusesOf(pod).flatMap(({ name, state }) => {
      const { reason = '', message = '' } = state?.waiting ?? {};
      return HOPELESS.includes(reason)
        ? [`pod ${pod.metadata.name}: container ${name} ${reason}: ${message}`]
        : [];
    }),
  );
  return found;
}

function conditionOf({ status = {} }: Pick<Deployment, 'status'>, type: string, value: string) {
  return status.conditions?.find((condition) => condition.type === type && condition.status === value);
}

/**
 * Whether what refuses a pod refuses the next one too: a LimitRange, Pod Security, a webhook that denies, an
 * invalid field. A quota may have room later, and a webhook that does not answer may recover.
 */
export function isFinal(refused: string): boolean {
  if (/exceeded quota|failed calling webhook|not found/.test(refused)) return false;
  return /is forbidden|denied the request|is invalid/.test(refused);
}

/**
 * Why the first unready pod is not ready: `pod v2-7d9f: GET /readyz answered 503`.
 * @param otherwise the reason when no pod gives one
 */
export async function explainUnready(cluster: Cluster, pods: Pod[], otherwise?: string): Promise<string> {
  const pod = pods.find((one) => !isReady(one) && one.metadata.deletionTimestamp === undefined);
  if (pod === undefined)
    return otherwise ?? (pods.length === 0 ? 'no pod was created' : 'all pods are ready, the rollout is not');
  const reason =
    explainPod(pod) ?? (await lastWarning(cluster, pod)) ?? (await askProbe(cluster, pod)) ?? 'not ready';
  return `pod ${pod.metadata.name}: ${reason}`;
}

function explainPod(pod: Pod): string | undefined {
  for (const { name, state, lastState } of containerStatusesOf(pod)) {
    const { waiting, terminated } = state ?? {};
    // Ordinary startup, not a reason.
    if (waiting && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing') {
      const last = lastState?.terminated;
      const crash = last ? `, last exit code ${last.exitCode ?? '?'}` : '';
      const message = waiting.message === undefined ? '' : `: ${waiting.message}`;
      return `container ${name} ${waiting.reason ?? 'waits'}${crash}${crash ? '' : message}`;
    }
    if (terminated && terminated.exitCode !== 0)
      return `container ${name} ended with exit code ${terminated.exitCode ?? '?'}`;
  }
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  return unscheduled && (unscheduled.message ?? unscheduled.reason);
}

interface Event extends KubernetesObject {
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

/** From Events: a volume, a sandbox, an address. Best effort: the right to read them may be missing. */
async function lastWarning(cluster: Cluster, { metadata, status = {} }: Pod): Promise<string | undefined> {
  if (status.phase !== 'Pending') return undefined;
  try {
    const fieldSelector = `involvedObject.name=${metadata.name},type=Warning`;
    const events = await cluster.list<Event>(resources.events, { fieldSelector });
    const timeOf = ({ lastTimestamp, eventTime }: Event) => Date.parse(lastTimestamp ?? eventTime ?? '') || 0;
    const [last] = events.sort((a, b) => timeOf(b) - timeOf(a));
    return last?.message ?? 'still starting';
  } catch {
    return 'still starting';
  }
}

/** The startup probe until it has succeeded, then the readiness probe. */
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
