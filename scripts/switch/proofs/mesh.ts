/** The mesh as the switch sees it: a list of proxies, and a question to each of them. Everything goes through port-forwards into pods. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { askAgain } from '../../shared/cluster/ask-again.ts';
import type { Cluster, PodForward } from '../../shared/cluster/cluster.ts';
import { ClusterError, isTransient } from '../../shared/cluster/errors.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Container, KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { createLimiter } from './limiter.ts';
import { mergeProxies } from './proxies.ts';
import type { Proxy, SyncStatus } from './proxies.ts';

/** Envoy's admin, and istiod's debug port: both answer loopback only, which is where a port-forward comes from. */
const ENVOY_ADMIN_PORT = 15000;
const ISTIOD_DEBUG_PORT = 15014;
/** So old a list of pods still says who the istiods are, in milliseconds: what is asked of them is asked again with each pass. */
const FRESH_MS = 250;
/** An istiod that did not answer once is no reason to refuse or to take a share back; one that is down is, in milliseconds. */
const ASK_ISTIOD_FOR_MS = 3000;
/** Forwards kept open between questions; beyond it the one unused for longest is closed. */
const OPEN_FORWARDS = 200;

/** Gateways then have only the clusters their routes name. https://istio.io/latest/docs/reference/commands/pilot-discovery/ */
const FILTER = 'PILOT_FILTER_GATEWAY_CLUSTER_CONFIG';

export interface Mesh {
  /** The istiod, if any, that gives gateways only the clusters that routes name already. */
  filteringIstiod(signal?: AbortSignal): Promise<string | undefined>;
  list(signal?: AbortSignal): Promise<Proxy[]>;
  /** The parsed JSON of a GET on the proxy's admin port. */
  ask<T>(proxy: Proxy, path: string, signal?: AbortSignal): Promise<T>;
  /** The text of a GET on the proxy's admin port. */
  read(proxy: Proxy, path: string, signal?: AbortSignal): Promise<string>;
  /** Whether the proxy has its first configuration and serves. */
  isLive(proxy: Proxy, signal?: AbortSignal): Promise<boolean>;
  /** Undefined when every istiod knows this very revision of the object (or cannot be asked about it); else which one does not. */
  unseenBy(object: KubernetesObject, signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

export function createMesh(
  cluster: Cluster,
  {
    istioNamespace = 'istio-system',
    askTimeoutMs = 5000,
    clock = systemClock,
  }: { istioNamespace?: string; askTimeoutMs?: number; clock?: Clock } = {},
): Mesh {
  const forwards = new Map<string, PodForward>();
  const limit = createLimiter(undefined, clock);

  function forwardTo(key: string, namespace: string, pod: string, port: number): PodForward {
    const open = forwards.get(key) ?? cluster.forward(namespace, pod, port);
    forwards.delete(key);
    forwards.set(key, open);
    for (const [oldest, forward] of forwards) {
      if (forwards.size <= OPEN_FORWARDS) break;
      forwards.delete(oldest);
      forward.close();
    }
    return open;
  }

  /** The forward is chosen when its turn has come: one of a thousand that wait would be closed before it is used, and then stay open. */
  async function get(forward: () => PodForward, path: string, signal?: AbortSignal): Promise<string> {
    const { status, body } = await limit(() => forward().request(path, { timeoutMs: askTimeoutMs, signal }));
    if (status !== 200) {
      throw new ClusterError(`GET ${path} answered ${status}: ${body.trim().slice(0, 200)}`, {
        status,
        reason: '',
      });
    }
    return body;
  }

  const listPods = (signal?: AbortSignal) => cluster.list<Pod>(resources.pods, { namespace: '*', signal });
  const istiodsAmong = (pods: Pod[]) =>
    pods.filter(
      ({ metadata, status }) =>
        metadata.namespace === istioNamespace &&
        metadata.labels?.['app'] === 'istiod' &&
        status?.phase === 'Running',
    );

  /** The pods as `list` last saw them, or is about to. */
  let latest: { pods: Promise<Pod[]>; at: number } | undefined;
  async function istiods(signal?: AbortSignal): Promise<Pod[]> {
    const isFresh = latest !== undefined && clock.now() - latest.at < FRESH_MS;
    return istiodsAmong(await (isFresh && latest ? latest.pods : listPods(signal)));
  }
  /** The istiods of the last list: who they were is asked at the same time as who they are. */
  let expected: Pod[] = [];

  async function askIstiod<T>(pod: Pod, path: string, signal?: AbortSignal): Promise<T> {
    const { name, namespace = istioNamespace, uid = name } = pod.metadata;
    return JSON.parse(
      await get(() => forwardTo(`istiod ${uid}`, namespace, name, ISTIOD_DEBUG_PORT), path, signal),
    ) as T;
  }

  /** Gives the error instead of throwing it: whether it matters shows when it is known which istiods there are. */
  async function askForProxies(pod: Pod, signal?: AbortSignal): Promise<SyncStatus[] | CommandError> {
    try {
      const answer = await askAgain(() => askIstiod<SyncStatus[] | null>(pod, '/debug/syncz', signal), {
        patienceMs: ASK_ISTIOD_FOR_MS,
        helps: isTransient,
        signal,
        clock,
      });
      return answer ?? [];
    } catch (error) {
      return new CommandError(
        `${pod.metadata.name} cannot say which proxies it serves: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  async function read(proxy: Proxy, path: string, signal?: AbortSignal): Promise<string> {
    if (proxy.uid === undefined)
      throw new CommandError('an istiod serves it, but there is no such pod to ask');
    return get(() => forwardTo(proxy.key, proxy.namespace, proxy.pod, ENVOY_ADMIN_PORT), path, signal);
  }

  return {
    async filteringIstiod(signal) {
      const filters = (container: Container) =>
        ((container['env'] ?? []) as { name: string; value?: string }[]).some(
          ({ name, value }) => name === FILTER && /^(true|1|t)$/i.test(value ?? ''),
        );
      return (await istiods(signal)).find(({ spec }) => spec.containers.some(filters))?.metadata.name;
    },

    async list(signal) {
      const listing = listPods(signal);
      latest = { pods: listing, at: clock.now() };
      const answers = new Map(expected.map((pod) => [pod.metadata.uid, askForProxies(pod, signal)]));
      let pods = await listing;
      expected = istiodsAmong(pods);
      if (expected.length === 0) {
        throw new CommandError(`no istiod runs in ${istioNamespace}: nobody can say which proxies there are`);
      }
      // Each istiod knows only the proxies connected to itself: every one of them must answer.
      const statuses = await Promise.all(
        expected.map(async (pod) => {
          const answer = await (answers.get(pod.metadata.uid) ?? askForProxies(pod, signal));
          if (!(answer instanceof Error)) return answer;
          if (pod.metadata.deletionTimestamp !== undefined) return [];
          throw answer;
        }),
      );
      let proxies = mergeProxies(statuses.flat(), pods);
      if (proxies.some(({ uid }) => uid === undefined)) {
        // Its pod may have been born after the pods were listed.
        pods = await listPods(signal);
        proxies = mergeProxies(statuses.flat(), pods);
      }
      const present = new Set(proxies.map(({ key }) => key));
      for (const [key, forward] of forwards) {
        if (key.startsWith('istiod ') || present.has(key)) continue;
        forwards.delete(key);
        forward.close();
      }
      return proxies;
    },

    async ask<T>(proxy: Proxy, path: string, signal?: AbortSignal) {
      return JSON.parse(await read(proxy, path, signal)) as T;
    },

    read,

    async isLive(proxy, signal) {
      if (proxy.uid === undefined)
        throw new CommandError('an istiod serves it, but there is no such pod to ask');
      const { status } = await limit(() =>
        forwardTo(proxy.key, proxy.namespace, proxy.pod, ENVOY_ADMIN_PORT).request('/ready', {
          timeoutMs: askTimeoutMs,
          signal,
        }),
      );
      return status === 200;
    },

    async unseenBy({ kind, metadata }, signal) {
      const late = await Promise.all(
        (await istiods(signal)).map(async (pod) => {
          let objects: KubernetesObject[];
          try {
            objects = (await askIstiod<KubernetesObject[] | null>(pod, '/debug/configz', signal)) ?? [];
          } catch {
            // A help, not a proof: what counts is what the proxies show.
            return undefined;
          }
          const seen = objects.find(
            (object) =>
              object.kind === kind &&
              object.metadata.name === metadata.name &&
              object.metadata.namespace === metadata.namespace,
          );
          const current =
            seen?.metadata.resourceVersion === metadata.resourceVersion ||
            (seen?.metadata.generation ?? 0) >= (metadata.generation ?? Infinity);
          return current
            ? undefined
            : `${pod.metadata.name} has not seen this revision of ${kind ?? 'the object'} ${metadata.name}`;
        }),
      );
      return late.find((text) => text !== undefined);
    },

    close() {
      for (const forward of forwards.values()) forward.close();
      forwards.clear();
    },
  };
}
