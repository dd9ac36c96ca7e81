/**
 * The one door to a cluster: a kubeconfig read as kubectl reads it, @kubernetes/client-node for the requests,
 * and around it what it leaves out: one connection pool instead of a new connection per call, a time-out on
 * every call, retries of reads, watches that restart, and errors in the API server's words. Objects pass
 * through verbatim: unknown fields survive.
 */
import { isExpired, isNotFound } from './errors.ts';
import { discover } from './discovery.ts';
import type { ClusterChoice } from './flags.ts';
import type { PodForward } from './forward.ts';
import type { Call, Transport } from './transport.ts';
import { followLog } from './log.ts';
import { watchForever } from './watch.ts';
import type { WatchEvent } from './watch.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { knownResourceOf, pathOf } from '../resources.ts';
import type { Resource } from '../resources.ts';

export type { PodAnswer, PodForward, PodRequest } from './forward.ts';
export type { WatchEvent } from './watch.ts';

export interface CallOptions {
  /** Default: the namespace of the connection. `'*'` (lists and watches only): all. */
  namespace?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  labelSelector?: string;
  fieldSelector?: string;
}

export interface WriteOptions extends CallOptions {
  dryRun?: boolean | undefined;
}

export interface Cluster {
  /** The context's name, for messages. */
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  /** How this connection's writes are named in `managedFields`. */
  readonly fieldManager: string;
  /** Retried after a transient failure for `patienceMs`, by default as long as every read. */
  version(patienceMs?: number, signal?: AbortSignal): Promise<{ gitVersion: string }>;
  /**
   * The resource of a kind; discovered once where the scripts do not
   * name it. Throws when the server has no such kind.
   */
  resourceOf(object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Promise<Resource>;
  /** Undefined when there is no such object. */
  get<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    options?: CallOptions,
  ): Promise<T | undefined>;
  list<T extends KubernetesObject>(resource: Resource, options?: ListOptions): Promise<T[]>;
  create<T extends KubernetesObject>(object: T, options?: WriteOptions): Promise<T>;
  /** PUT; refused with 409 when `metadata.resourceVersion` is stale. */
  replace<T extends KubernetesObject>(object: T, options?: WriteOptions): Promise<T>;
  /** JSON merge patch; with `metadata.resourceVersion` in it, refused with 409 when stale. */
  patch<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    patch: Record<string, unknown>,
    options?: WriteOptions,
  ): Promise<T>;
  /** Server-side apply under this connection's field manager. */
  apply<T extends KubernetesObject>(object: T, options?: WriteOptions & { force?: boolean }): Promise<T>;
  /** Does nothing when there is no such object. With `uid`: only this very one. */
  delete(
    resource: Resource,
    name: string,
    options?: WriteOptions & { uid?: string | undefined },
  ): Promise<void>;
  /**
   * Every object as ADDED, then each change, until the signal is
   * aborted. A broken or silent stream is restarted.
   */
  watch<T extends KubernetesObject>(
    resource: Resource,
    options: ListOptions & { signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>>;
  /** The log of a container of the connection's namespace, line by line, until it has ended. */
  followLog(pod: string, container: string, signal: AbortSignal): AsyncGenerator<string>;
  /** HTTP to a port inside a pod, over a port-forward that stays open between requests. */
  forward(namespace: string, pod: string, port: number): PodForward;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Names this program's writes in `managedFields`. */
  fieldManager: string;
  /** Timeout of one request, in milliseconds. Default 10 s. */
  timeoutMs?: number;
  /** Deadline of a read with its retries, in milliseconds. Default 15 s. */
  retryForMs?: number;
  /** Idle timeout after which a watch is restarted, in milliseconds. Default 30 s. */
  watchSilenceMs?: number;
  /**
   * Timeout of a login command of the kubeconfig, in milliseconds.
   * Default 3 min on a terminal, 30 s elsewhere.
   */
  loginTimeoutMs?: number;
  /** Environment: names proxies, and is inherited by a login command. Default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Aborts the wait for the first answer, and for a login command before it. */
  signal?: AbortSignal;
}

/** Connects and reads the server's version, so that a wrong address fails before anything else is tried. */
export async function connectCluster(choice: ClusterChoice, options: ConnectOptions): Promise<Cluster> {
  const cluster = await createCluster(choice, options);
  try {
    await cluster.version(0, options.signal);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

let parts: Promise<typeof import('./parts.ts')> | undefined;

async function createCluster(
  choice: ClusterChoice,
  {
    fieldManager,
    timeoutMs = 10_000,
    retryForMs = 15_000,
    watchSilenceMs = 30_000,
    loginTimeoutMs,
    env,
  }: ConnectOptions,
): Promise<Cluster> {
  // Lazy import: @kubernetes/client-node takes a second to load, and a command
  // that does not connect (--help, a wrong flag) need not wait for it.
  parts ??= import('./parts.ts');
  const { loadKubeConfig, createTransport, createPodForward } = await parts;
  const connection = loadKubeConfig(choice);
  const { context, namespace, server } = connection;
  const transport = createTransport(connection, { timeoutMs, retryForMs, loginTimeoutMs, env });
  const ask: Transport['ask'] = (call, patienceMs) => transport.ask(call, patienceMs);
  const forwards = new Set<PodForward>();

  const scope = (resource: Resource, { namespace: chosen = namespace }: CallOptions) =>
    resource.namespaced && chosen !== '*' ? chosen : undefined;
  const target = (resource: Resource, name: string, options: CallOptions) => ({
    path: pathOf(resource, { namespace: scope(resource, options), name }),
    signal: options.signal,
  });
  /** The caller's namespace, else the object's own. */
  const placed = ({ metadata }: KubernetesObject, options: CallOptions): CallOptions => ({
    ...options,
    namespace: options.namespace ?? metadata.namespace,
  });
  const write = ({ dryRun }: WriteOptions) => ({ fieldManager, dryRun: dryRun ? 'All' : undefined });

  function page(resource: Resource, options: ListOptions, query: Call['query']) {
    return ask({
      method: 'GET',
      path: pathOf(resource, { namespace: scope(resource, options) }),
      query: { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector, ...query },
      asked: `list ${resource.plural}`,
      signal: options.signal,
    }) as Promise<{
      items?: KubernetesObject[] | null;
      metadata?: { continue?: string; resourceVersion?: string };
    }>;
  }

  async function wholeList(resource: Resource, options: ListOptions) {
    const items: KubernetesObject[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      let answer: Awaited<ReturnType<typeof page>>;
      try {
        answer = await page(resource, options, { limit: '500', continue: next });
      } catch (error) {
        if (next === undefined || !isExpired(error)) throw error;
        // 410: the state of the first page is gone. List everything without pages, as client-go's pager does.
        answer = await page(resource, options, {});
        items.length = 0;
      }
      items.push(...(answer.items ?? []));
      next = answer.metadata?.continue === '' ? undefined : answer.metadata?.continue;
      resourceVersion = answer.metadata?.resourceVersion ?? '';
    } while (next !== undefined);
    return { items, resourceVersion };
  }

  const discovered = new Map<string, Promise<Resource>>();
  function resourceOf(object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Promise<Resource> {
    const known = knownResourceOf(object);
    if (known !== undefined) return Promise.resolve(known);
    const { apiVersion = 'v1', kind = '' } = object;
    const key = `${apiVersion} ${kind}`;
    const found = discovered.get(key) ?? discover(ask, apiVersion, kind);
    discovered.set(key, found);
    // Do not cache a missing kind: it may be installed later.
    found.catch(() => discovered.delete(key));
    return found;
  }

  return {
    context,
    server,
    namespace,
    fieldManager,
    resourceOf,

    async version(patienceMs, signal) {
      const call = { method: 'GET', path: '/version', asked: 'get the version', signal } as const;
      return (await ask(call, patienceMs)) as { gitVersion: string };
    },

    async get<T extends KubernetesObject>(resource: Resource, name: string, options: CallOptions = {}) {
      try {
        const asked = `get ${resource.plural} ${name}`;
        return (await ask({ method: 'GET', ...target(resource, name, options), asked })) as T;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },

    async list<T extends KubernetesObject>(resource: Resource, options: ListOptions = {}) {
      return (await wholeList(resource, options)).items as T[];
    },

    async create<T extends KubernetesObject>(object: T, options: WriteOptions = {}) {
      const resource = await resourceOf(object);
      return (await ask({
        method: 'POST',
        path: pathOf(resource, {
          namespace: scope(resource, placed(object, options)),
        }),
        query: write(options),
        body: object,
        asked: `create ${resource.plural} ${object.metadata.name || ''}`.trimEnd(),
        signal: options.signal,
        // A review is an answer, not an object.
        isRead: resource.group === 'authorization.k8s.io',
      })) as T;
    },

    async replace<T extends KubernetesObject>(object: T, options: WriteOptions = {}) {
      const resource = await resourceOf(object);
      const { name } = object.metadata;
      return (await ask({
        method: 'PUT',
        ...target(resource, name, placed(object, options)),
        query: write(options),
        body: object,
        asked: `replace ${resource.plural} ${name}`,
      })) as T;
    },

    async patch<T extends KubernetesObject>(
      resource: Resource,
      name: string,
      patch: Record<string, unknown>,
      options: WriteOptions = {},
    ) {
      return (await ask({
        method: 'PATCH',
        ...target(resource, name, options),
        query: write(options),
        contentType: 'application/merge-patch+json',
        body: patch,
        asked: `patch ${resource.plural} ${name}`,
      })) as T;
    },

    async apply<T extends KubernetesObject>(object: T, options: WriteOptions & { force?: boolean } = {}) {
      const resource = await resourceOf(object);
      const { name } = object.metadata;
      return (await ask({
        method: 'PATCH',
        ...target(resource, name, placed(object, options)),
        query: { ...write(options), force: options.force ? 'true' : undefined },
        contentType: 'application/apply-patch+yaml',
        body: object,
        asked: `apply ${resource.plural} ${name}`,
      })) as T;
    },

    async delete(resource, name, options = {}) {
      try {
        await ask({
          method: 'DELETE',
          ...target(resource, name, options),
          query: { dryRun: options.dryRun ? 'All' : undefined },
          body: {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: 'Background',
            ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
          },
          asked: `delete ${resource.plural} ${name}`,
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },

    watch<T extends KubernetesObject>(resource: Resource, options: ListOptions & { signal: AbortSignal }) {
      return watchForever<T>(transport, {
        list: async () => (await wholeList(resource, options)) as { items: T[]; resourceVersion: string },
        path: pathOf(resource, { namespace: scope(resource, options) }),
        query: { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector },
        asked: `watch ${resource.plural}`,
        signal: options.signal,
        silenceMs: watchSilenceMs,
      });
    },

    followLog: (pod, container, signal) => followLog(transport, { namespace, pod, container, signal }),

    forward(podNamespace, pod, port) {
      const forward = createPodForward({ transport, namespace: podNamespace, pod, port, timeoutMs });
      forwards.add(forward);
      return {
        ...forward,
        close() {
          forwards.delete(forward);
          forward.close();
        },
      };
    },

    async close() {
      for (const forward of forwards) forward.close();
      forwards.clear();
      await transport.close();
    },
  };
}
