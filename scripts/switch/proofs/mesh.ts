/** The switch's access to the mesh: a list of the proxies, and requests to each through a port-forward. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { askAgain } from '../../shared/cluster/ask-again.ts';
import type { Cluster, PodForward, PodRequest } from '../../shared/cluster/cluster.ts';
import { ClusterError, isTransient } from '../../shared/cluster/errors.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Container, KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { TooLongError } from '../../shared/read-text.ts';
import { createLimiter } from '../../shared/limiter.ts';
import type { Limiter } from '../../shared/limiter.ts';
import { createLongAnswers } from './long-answers.ts';
import type { LongAnswers, Reading } from './long-answers.ts';
import { mergeProxies } from './proxies.ts';
import type { Proxy, SyncStatus } from './proxies.ts';

/** Envoy's admin and istiod's debug port answer loopback only, which is where a port-forward comes from. */
const ENVOY_ADMIN_PORT = 15000;
const ISTIOD_DEBUG_PORT = 15014;
/** Cache lifetime of the list of istiods, in milliseconds. */
const FRESH_MS = 250;
/** Timeout after which an istiod counts as down, in milliseconds. */
const ASK_ISTIOD_FOR_MS = 3000;
/** Port-forwards kept open between turns: each costs the API server and a kubelet a stream. */
const OPEN_FORWARDS = 1000;

/**
 * `/debug/configz` is all of Istio's configuration. Once it took longer than this, it is not requested again.
 */
const SLOW_CONFIGZ_MS = 1000;

/** https://istio.io/latest/docs/reference/commands/pilot-discovery/ */
const FILTER = 'PILOT_FILTER_GATEWAY_CLUSTER_CONFIG';

export interface Mesh {
  /** The istiod, if any, that gives gateways only the clusters that routes name already. See `FILTER`. */
  filteringIstiod(signal?: AbortSignal): Promise<string | undefined>;
  list(signal?: AbortSignal): Promise<Proxy[]>;
  /**
   * Waits for the proxy's turn: about ten have one at once. All requests of one turn use one port-forward,
   * however many other proxies wait. A request outside of a turn is a turn of its own.
   */
  inTurn<T>(proxy: Proxy, task: () => Promise<T>): Promise<T>;
  /** The parsed JSON of a GET on the proxy's admin port. */
  ask<T>(
    proxy: Proxy,
    path: string,
    signal?: AbortSignal,
    /** Picks the part of the answer to parse. Default: all of it. */
    shorten?: (answer: Buffer) => string,
  ): Promise<T>;
  /** The text of a GET on the proxy's admin port. */
  read(proxy: Proxy, path: string, signal?: AbortSignal): Promise<string>;
  /** Whether the proxy has its first configuration and serves. */
  isLive(proxy: Proxy, signal?: AbortSignal): Promise<boolean>;
  /**
   * Names an istiod that does not have this revision of the object yet; undefined when there is none. An
   * istiod that cannot be asked does not count. The answer is cached for each istiod and revision. Once an
   * answer was slow, no istiod is asked any more.
   */
  unseenBy(object: KubernetesObject, signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

export interface MeshOptions {
  istioNamespace?: string;
  askTimeoutMs?: number;
  clock?: Clock;
}

export function createMesh(cluster: Cluster, options: MeshOptions = {}): Mesh {
  return new LiveMesh(cluster, options);
}

class LiveMesh implements Mesh {
  readonly #cluster: Cluster;
  readonly #istioNamespace: string;
  readonly #askTimeoutMs: number;
  readonly #clock: Clock;
  readonly #forwards = new Map<string, PodForward>();
  readonly #limit: Limiter;
  /** The number of turns that each proxy has now. */
  readonly #turns = new Map<string, number>();
  /** The pods of the last or current `list`. */
  #latest: { pods: Promise<Pod[]>; at: number } | undefined;
  readonly #long: LongAnswers = createLongAnswers();
  /** The revisions that each istiod has seen, by its pod. */
  readonly #seen = new Map<string, Set<string>>();
  #isConfigzSlow = false;
  /** The istiods of the last list. They are asked while the current istiods are being listed. */
  #expected: Pod[] = [];

  constructor(
    cluster: Cluster,
    { istioNamespace = 'istio-system', askTimeoutMs = 5000, clock = systemClock }: MeshOptions,
  ) {
    this.#cluster = cluster;
    this.#istioNamespace = istioNamespace;
    this.#askTimeoutMs = askTimeoutMs;
    this.#clock = clock;
    this.#limit = createLimiter(undefined, clock);
  }

  async filteringIstiod(signal?: AbortSignal): Promise<string | undefined> {
    const filters = (container: Container) =>
      ((container['env'] ?? []) as { name: string; value?: string }[]).some(
        ({ name, value }) => name === FILTER && /^(true|1|t)$/i.test(value ?? ''),
      );
    return (await this.#istiods(signal)).find(({ spec }) => spec.containers.some(filters))?.metadata.name;
  }

  async list(signal?: AbortSignal): Promise<Proxy[]> {
    const listing = this.#listPods(signal);
    this.#latest = { pods: listing, at: this.#clock.now() };
    const early = new Map(this.#expected.map((pod) => [pod.metadata.uid, this.#askForProxies(pod, signal)]));
    const pods = await listing;
    this.#expected = this.#istiodsAmong(pods);
    if (this.#expected.length === 0) {
      throw new CommandError(
        `no istiod runs in ${this.#istioNamespace}: nobody can say which proxies there are`,
      );
    }
    // An istiod knows only the proxies that are connected to it: every istiod must answer.
    const statuses = await Promise.all(
      this.#expected.map(async (pod) => {
        const answer = await (early.get(pod.metadata.uid) ?? this.#askForProxies(pod, signal));
        if (!(answer instanceof Error)) return answer;
        if (pod.metadata.deletionTimestamp !== undefined) return [];
        throw answer;
      }),
    );
    const proxies = await this.#merge(statuses.flat(), pods, signal);
    const present = new Set(proxies.map(({ key }) => key));
    this.#closeAllBut(present);
    this.#long.forgetAllBut(present);
    return proxies;
  }

  async ask<T>(
    proxy: Proxy,
    path: string,
    signal?: AbortSignal,
    shorten?: (answer: Buffer) => string,
  ): Promise<T> {
    return this.#read(proxy, path, { parse: (body) => JSON.parse(body) as T, signal, shorten });
  }

  async read(proxy: Proxy, path: string, signal?: AbortSignal): Promise<string> {
    return this.#read(proxy, path, { parse: (body) => body, signal, shorten: undefined });
  }

  async inTurn<T>({ key }: Proxy, task: () => Promise<T>): Promise<T> {
    if (this.#turns.has(key)) return task();
    return this.#limit(async () => {
      this.#turns.set(key, (this.#turns.get(key) ?? 0) + 1);
      try {
        return await task();
      } finally {
        this.#endTurn(key);
      }
    });
  }

  async isLive(proxy: Proxy, signal?: AbortSignal): Promise<boolean> {
    const forward = this.#adminOf(proxy);
    const { status } = await this.inTurn(proxy, () =>
      forward().request('/ready', { timeoutMs: this.#askTimeoutMs, signal }),
    );
    return status === 200;
  }

  async unseenBy(object: KubernetesObject, signal?: AbortSignal): Promise<string | undefined> {
    const { kind = 'the object', metadata } = object;
    const revision = `${kind} ${metadata.name} ${metadata.namespace} ${metadata.resourceVersion}`;
    const late = await Promise.all(
      (await this.#istiods(signal)).map(async (pod) => {
        const { name, uid = name } = pod.metadata;
        const seen = this.#seen.get(uid) ?? new Set<string>();
        this.#seen.set(uid, seen);
        const objects = seen.has(revision) ? undefined : await this.#configOf(pod, signal);
        if (objects === undefined) return undefined;
        if (!hasSeen(objects, object))
          return `${name} has not seen this revision of ${kind} ${metadata.name}`;
        seen.add(revision);
        return undefined;
      }),
    );
    return late.find((text) => text !== undefined);
  }

  /** Undefined when it cannot be read. It only shortens the wait: the proof comes from the proxies. */
  async #configOf(pod: Pod, signal?: AbortSignal): Promise<KubernetesObject[] | undefined> {
    if (this.#isConfigzSlow) return undefined;
    const startedMs = this.#clock.now();
    try {
      return (await this.#askIstiod<KubernetesObject[] | null>(pod, '/debug/configz', signal)) ?? [];
    } catch (error) {
      this.#isConfigzSlow ||= error instanceof TooLongError;
      return undefined;
    } finally {
      this.#isConfigzSlow ||= this.#clock.now() - startedMs > SLOW_CONFIGZ_MS;
    }
  }

  close(): void {
    for (const forward of this.#forwards.values()) forward.close();
    this.#forwards.clear();
  }

  #forwardTo(key: string, namespace: string, pod: string, port: number): PodForward {
    const open = this.#forwards.get(key) ?? this.#cluster.forward(namespace, pod, port);
    this.#forwards.set(key, open);
    return open;
  }

  /** Above the limit this forward is closed and earlier ones stay: the proxy asked longest ago is next. */
  #endTurn(key: string): void {
    const left = (this.#turns.get(key) ?? 1) - 1;
    if (left > 0) {
      this.#turns.set(key, left);
      return;
    }
    this.#turns.delete(key);
    if (this.#forwards.size <= OPEN_FORWARDS) return;
    this.#forwards.get(key)?.close();
    this.#forwards.delete(key);
  }

  #closeAllBut(present: ReadonlySet<string>): void {
    for (const [key, forward] of this.#forwards) {
      if (key.startsWith('istiod ') || present.has(key)) continue;
      this.#forwards.delete(key);
      forward.close();
    }
  }

  #adminOf(proxy: Proxy): () => PodForward {
    if (proxy.uid === undefined)
      throw new CommandError('an istiod serves it, but there is no such pod to ask');
    return () => this.#forwardTo(proxy.key, proxy.namespace, proxy.pod, ENVOY_ADMIN_PORT);
  }

  async #read<T>(
    proxy: Proxy,
    path: string,
    { parse, ...asking }: Pick<PodRequest, 'signal' | 'shorten'> & { parse: (body: string) => T },
  ): Promise<T> {
    const forward = this.#adminOf(proxy);
    // Choose the forward when the turn has come: one chosen earlier may have been closed in the meantime.
    return this.#long.read(proxy.key, path, async (reading) =>
      parse(await this.inTurn(proxy, () => this.#get(forward, path, { ...asking, reading }))),
    );
  }

  async #get(
    forward: () => PodForward,
    path: string,
    { reading, ...asking }: Pick<PodRequest, 'signal' | 'shorten'> & { reading?: Reading },
  ): Promise<string> {
    const { limitBytes, times = 1 } = reading ?? {};
    const { status, body } = await forward().request(path, {
      ...asking,
      timeoutMs: times * this.#askTimeoutMs,
      ...(limitBytes === undefined ? {} : { limitBytes }),
    });
    if (status !== 200) {
      throw new ClusterError(`GET ${path} answered ${status}: ${body.trim().slice(0, 200)}`, {
        status,
        reason: '',
      });
    }
    return body;
  }

  #listPods(signal?: AbortSignal): Promise<Pod[]> {
    return this.#cluster.list<Pod>(resources.pods, { namespace: '*', signal });
  }

  #istiodsAmong(pods: Pod[]): Pod[] {
    return pods.filter(
      ({ metadata, status }) =>
        metadata.namespace === this.#istioNamespace &&
        metadata.labels?.['app'] === 'istiod' &&
        status?.phase === 'Running',
    );
  }

  async #istiods(signal?: AbortSignal): Promise<Pod[]> {
    const { pods, at = -Infinity } = this.#latest ?? {};
    const isFresh = this.#clock.now() - at < FRESH_MS;
    return this.#istiodsAmong(await (isFresh && pods ? pods : this.#listPods(signal)));
  }

  async #askIstiod<T>(pod: Pod, path: string, signal?: AbortSignal): Promise<T> {
    const { name, namespace = this.#istioNamespace, uid = name } = pod.metadata;
    const forward = () => this.#forwardTo(`istiod ${uid}`, namespace, name, ISTIOD_DEBUG_PORT);
    // Not limited: the few istiods must not wait behind thousands of proxies.
    return JSON.parse(await this.#get(forward, path, { signal })) as T;
  }

  /** Returns the error instead of throwing it: it matters only if this istiod still exists. */
  async #askForProxies(pod: Pod, signal?: AbortSignal): Promise<SyncStatus[] | CommandError> {
    try {
      const ask = () => this.#askIstiod<SyncStatus[] | null>(pod, '/debug/syncz', signal);
      const options = { patienceMs: ASK_ISTIOD_FOR_MS, helps: isTransient, signal, clock: this.#clock };
      return (await askAgain(ask, options)) ?? [];
    } catch (error) {
      const message = `${pod.metadata.name} cannot say which proxies it serves: ${messageOf(error)}`;
      return new CommandError(message, { cause: error });
    }
  }

  async #merge(statuses: SyncStatus[], pods: Pod[], signal?: AbortSignal): Promise<Proxy[]> {
    const proxies = mergeProxies(statuses, pods);
    if (proxies.every(({ uid }) => uid !== undefined)) return proxies;
    // The pod of a proxy may be newer than the list of pods: list them again.
    return mergeProxies(statuses, await this.#listPods(signal));
  }
}

function hasSeen(objects: KubernetesObject[], { kind, metadata }: KubernetesObject): boolean {
  const { name, namespace, resourceVersion, generation = Infinity } = metadata;
  const seen = objects.find(
    (object) =>
      object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
  )?.metadata;
  return seen?.resourceVersion === resourceVersion || (seen?.generation ?? 0) >= generation;
}
