/** The mesh as the switch sees it: a list of proxies, and a question to each of them. Everything goes through port-forwards into pods. */
import type { Cluster, PodForward } from '../../shared/cluster.ts';
import { ClusterError } from '../../shared/cluster-errors.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { createLimiter } from './limiter.ts';
import { mergeProxies } from './proxies.ts';
import type { Proxy, SyncStatus } from './proxies.ts';

/** Envoy's admin, and istiod's debug port: both answer loopback only, which is where a port-forward comes from. */
const ENVOY_ADMIN_PORT = 15000;
const ISTIOD_DEBUG_PORT = 15014;
/** Forwards kept open between questions; beyond it the one unused for longest is closed. */
const OPEN_FORWARDS = 200;

export interface Mesh {
  list(signal?: AbortSignal): Promise<Proxy[]>;
  /** The parsed JSON of a GET on the proxy's admin port. */
  ask<T>(proxy: Proxy, path: string, signal?: AbortSignal): Promise<T>;
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
  }: { istioNamespace?: string; askTimeoutMs?: number } = {},
): Mesh {
  const forwards = new Map<string, PodForward>();
  const limit = createLimiter();

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

  async function get(forward: PodForward, path: string, signal?: AbortSignal): Promise<string> {
    const { status, body } = await limit(() => forward.request(path, { timeoutMs: askTimeoutMs, signal }));
    if (status !== 200) {
      throw new ClusterError(`GET ${path} answered ${status}: ${body.trim().slice(0, 200)}`, {
        status,
        reason: '',
      });
    }
    return body;
  }

  async function istiods(signal?: AbortSignal): Promise<Pod[]> {
    const pods = await cluster.list<Pod>(resources.pods, {
      namespace: istioNamespace,
      labelSelector: 'app=istiod',
      ...(signal ? { signal } : {}),
    });
    return pods.filter(({ status }) => status?.phase === 'Running');
  }

  async function askIstiod<T>(pod: Pod, path: string, signal?: AbortSignal): Promise<T> {
    const { name, namespace = istioNamespace, uid = name } = pod.metadata;
    return JSON.parse(
      await get(forwardTo(`istiod ${uid}`, namespace, name, ISTIOD_DEBUG_PORT), path, signal),
    ) as T;
  }

  return {
    async list(signal) {
      const controlPlane = await istiods(signal);
      if (controlPlane.length === 0) {
        throw new CommandError(`no istiod runs in ${istioNamespace}: nobody can say which proxies there are`);
      }
      // Each istiod knows only the proxies connected to itself: every one of them must answer.
      const statuses = await Promise.all(
        controlPlane.map(async (pod) => {
          try {
            return (await askIstiod<SyncStatus[] | null>(pod, '/debug/syncz', signal)) ?? [];
          } catch (error) {
            if (pod.metadata.deletionTimestamp !== undefined) return [];
            throw new CommandError(
              `${pod.metadata.name} cannot say which proxies it serves: ${messageOf(error)}`,
              {
                cause: error,
              },
            );
          }
        }),
      );
      // Pods second: whoever connects in between is found by the next pass, whoever left is not missed.
      const pods = await cluster.list<Pod>(resources.pods, { namespace: '*', ...(signal ? { signal } : {}) });
      const proxies = mergeProxies(statuses.flat(), pods);
      const present = new Set(proxies.map(({ key }) => key));
      for (const [key, forward] of forwards) {
        if (key.startsWith('istiod ') || present.has(key)) continue;
        forwards.delete(key);
        forward.close();
      }
      return proxies;
    },

    async ask<T>(proxy: Proxy, path: string, signal?: AbortSignal) {
      if (proxy.uid === undefined)
        throw new CommandError('an istiod serves it, but there is no such pod to ask');
      return JSON.parse(
        await get(forwardTo(proxy.key, proxy.namespace, proxy.pod, ENVOY_ADMIN_PORT), path, signal),
      ) as T;
    },

    async isLive(proxy, signal) {
      const forward = forwardTo(proxy.key, proxy.namespace, proxy.pod, ENVOY_ADMIN_PORT);
      const { status } = await limit(() => forward.request('/ready', { timeoutMs: askTimeoutMs, signal }));
      return status === 200;
    },

    async unseenBy({ kind, metadata }, signal) {
      for (const pod of await istiods(signal)) {
        let objects: KubernetesObject[];
        try {
          objects = (await askIstiod<KubernetesObject[] | null>(pod, '/debug/configz', signal)) ?? [];
        } catch {
          // A help, not a proof: what counts is what the proxies show.
          continue;
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
        if (!current)
          return `${pod.metadata.name} has not seen this revision of ${kind ?? 'the object'} ${metadata.name}`;
      }
      return undefined;
    },

    close() {
      for (const forward of forwards.values()) forward.close();
      forwards.clear();
    },
  };
}
