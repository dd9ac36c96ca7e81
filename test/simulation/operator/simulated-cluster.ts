/**
 * The `Cluster` one operator holds: each call travels to the simulated
 * API server and back, and may not arrive.
 */
import { askAgain } from '../../../scripts/shared/cluster/ask-again.ts';
import type { Cluster, CallOptions, WriteOptions } from '../../../scripts/shared/cluster/cluster.ts';
import { ClusterError, isTransient } from '../../../scripts/shared/cluster/errors.ts';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { knownResourceOf, resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import type { Connection } from './connection.ts';
import { createForward } from './forward.ts';
import { onAbort } from './on-abort.ts';

interface Call<T> {
  asked: string;
  carryOut: () => T;
  isRead: boolean;
  signal?: AbortSignal | undefined;
}

export function createSimulatedCluster(connection: Connection): Cluster {
  const { process, network, api, namespace: home, timeoutMs, retryForMs } = connection;

  /** One attempt, as a request over a connection that may break at each point. */
  const once = <T>({ asked, carryOut, signal }: Call<T>) =>
    new Promise<T>((resolve, reject: (error: Error) => void) => {
      signal?.throwIfAborted();
      const fate = network.fate();
      const [thereMs, backMs] = [network.latencyMs(), network.latencyMs()];
      const withoutAnswer = (status: number, reason: string) =>
        new ClusterError(`${asked}: ${status === 0 ? 'no answer' : status} (${reason})`, { status, reason });
      let isSettled = false;
      const settle = (settled: () => void) => {
        if (isSettled) return;
        isSettled = true;
        forget();
        settled();
      };
      const forget = onAbort(signal, () => settle(() => reject(signal?.reason as Error)));
      const answer = (ms: number, give: () => void) => void process.deliver(ms, () => settle(give));

      if (fate.kind === 'refused') {
        answer(thereMs + backMs, () => reject(withoutAnswer(fate.status, fate.reason)));
        return;
      }
      // The request is on its way: from here on nothing that befalls the process calls it back.
      api.arrive(thereMs, () => {
        if (fate.kind === 'hangs' && !fate.isCarriedOut) return;
        let give: () => void;
        try {
          const result = carryOut();
          give = () => resolve(result);
        } catch (error) {
          give = () => reject(error as Error);
        }
        if (fate.kind === 'answered') answer(backMs, give);
        else if (fate.kind === 'lost') answer(backMs, () => reject(withoutAnswer(fate.status, fate.reason)));
      });
      if (fate.kind === 'hangs') answer(timeoutMs, () => reject(withoutAnswer(0, 'Timeout')));
    });

  /** Sent now, or when the process goes on: it may stand still right before. */
  const write = <T>(call: Call<T>, isOfLease = false): Promise<T> => {
    process.beforeWrite?.(isOfLease);
    if (!process.isFrozen()) return ask(call);
    return new Promise<void>((resolve) => process.deliver(0, resolve)).then(() => ask(call));
  };

  /** As the real adapter does: reads are asked again, writes only when the server has not looked at them. */
  const ask = <T>(call: Call<T>, patienceMs = retryForMs): Promise<T> =>
    askAgain(() => once(call), {
      patienceMs,
      helps: call.isRead ? isTransient : isUntouched,
      signal: call.signal,
      clock: process.clock,
    });

  const placeOf = (resource: Resource, name: string, { namespace = home }: CallOptions) => ({
    resource,
    name,
    namespace,
  });
  const resourceOf = (object: Pick<KubernetesObject, 'apiVersion' | 'kind'>): Resource => {
    const found = knownResourceOf(object);
    if (found === undefined) throw new Error(`the simulated cluster knows no ${object.kind ?? 'such kind'}`);
    return found;
  };
  const placed = ({ metadata }: KubernetesObject, options: WriteOptions): WriteOptions => ({
    ...options,
    namespace: options.namespace ?? metadata.namespace,
  });
  const by = process.name;

  return {
    context: 'simulation',
    fieldManager: 'switch',
    server: 'https://simulation',
    namespace: home,

    version: (patienceMs) =>
      ask(
        { asked: 'get the version', carryOut: () => ({ gitVersion: 'v1.36.0' }), isRead: true },
        patienceMs,
      ),

    resourceOf: (object) => Promise.resolve(resourceOf(object)),

    get: <T extends KubernetesObject>(resource: Resource, name: string, options: CallOptions = {}) =>
      ask({
        asked: `get ${resource.plural} ${name}`,
        carryOut: () => api.get(placeOf(resource, name, options)) as T | undefined,
        isRead: true,
        signal: options.signal,
      }),

    list: (resource, { namespace = home, signal, labelSelector } = {}) =>
      ask({
        asked: `list ${resource.plural}`,
        carryOut: () =>
          api.list(resource, namespace === '*' ? undefined : namespace, labelSelector) as never[],
        isRead: true,
        signal,
      }),

    create: <T extends KubernetesObject>(object: T, options: WriteOptions = {}) => {
      // Nothing is at stake before the first write: what asks for rights does not travel.
      if (object.kind === 'SelfSubjectAccessReview')
        return Promise.resolve({ ...object, status: { allowed: true } });
      const { namespace = home, signal } = placed(object, options);
      return write({
        asked: `create ${object.kind ?? ''} ${object.metadata.name}`,
        carryOut: () => api.create(by, resourceOf(object), object, namespace) as T,
        isRead: false,
        signal,
      });
    },

    replace: <T extends KubernetesObject>(object: T, options: WriteOptions = {}) => {
      const place = placeOf(resourceOf(object), object.metadata.name, placed(object, options));
      const call: Call<T> = {
        asked: `replace ${place.resource.plural} ${place.name}`,
        carryOut: () => api.replace(by, place, object) as T,
        isRead: false,
        signal: options.signal,
      };
      const isOfLease = place.resource === resources.leases;
      // The renewals by the clock, and they alone, have a deadline of their own.
      return isOfLease && options.signal ? ask(call) : write(call, isOfLease);
    },

    patch: <T extends KubernetesObject>(
      resource: Resource,
      name: string,
      patch: Record<string, unknown>,
      options: WriteOptions = {},
    ) =>
      write({
        asked: `patch ${resource.plural} ${name}`,
        carryOut: () => api.patch(by, placeOf(resource, name, options), patch) as T,
        isRead: false,
        signal: options.signal,
      }),

    apply: <T extends KubernetesObject>(object: T, options: WriteOptions & { force?: boolean } = {}) => {
      const place = placeOf(resourceOf(object), object.metadata.name, placed(object, options));
      return write({
        asked: `apply ${place.resource.plural} ${place.name}`,
        carryOut: () => api.apply(by, place, object) as T,
        isRead: false,
        signal: options.signal,
      });
    },

    delete: (resource, name, options = {}) =>
      write({
        asked: `delete ${resource.plural} ${name}`,
        carryOut() {
          api.delete(by, placeOf(resource, name, options), options.uid);
        },
        isRead: false,
        signal: options.signal,
      }),

    // The switch follows nothing: it asks.
    watch() {
      throw new Error('the simulated cluster has no watch');
    },

    followLog: () => {
      throw new Error('The simulation writes no logs.');
    },

    forward: (namespace, pod, port) => createForward({ ...connection, target: { namespace, pod, port } }),

    close: () => Promise.resolve(),
  };
}

/** The server said that it did not look at it, or never got it. */
function isUntouched(error: unknown): boolean {
  return error instanceof ClusterError && (error.status === 429 || error.reason === 'ECONNREFUSED');
}
