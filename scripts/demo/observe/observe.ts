import type { Cluster, PodForward } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { app } from '../rollout.ts';
import type { Lateness, Observation, ProxyLane } from './observation.ts';
import { createPodLanes } from './pod-lanes.ts';
import { endpointsPath, readTargets, routesPath } from './proxy-targets.ts';

const envoyAdminPort = 15_000;
const serviceAdminPort = 9_090;
const gatewayEveryMs = 200;
const sidecarEveryMs = 500;

export interface Observer {
  /** The observation so far. */
  observation(): Observation;
  late(lateness: Lateness): void;
  /** Drops what was over before this time, for observers that run for hours. */
  forget(beforeMs: number): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<Observation>;
}

export interface ObserverOptions {
  cluster: Cluster;
  mesh: boolean;
  /** Milliseconds on the clock of the load. */
  now: () => number;
}

interface EndpointSlice extends KubernetesObject {
  endpoints?: { addresses?: string[]; conditions?: { ready?: boolean } }[];
}

/**
 * Records the pods and the proxies during a release, through the API server alone. Read-only: a failed
 * request leaves a gap in the record and never fails the run.
 */
export function startObserver({ cluster, mesh, now }: ObserverOptions): Observer {
  const stopped = new AbortController();
  const { signal } = stopped;
  const pods = createPodLanes();
  const proxies = new Map<string, ProxyLane>();
  const late: Lateness[] = [];
  const tasks = new Set<Promise<void>>();
  const asked = new Set<string>();
  const drained = new Set<string>();
  const run = (task: () => Promise<void>): void => {
    const running = task()
      .catch(() => undefined)
      .finally(() => tasks.delete(running));
    tasks.add(running);
  };

  // Other namespaces of the same gateway may have a coffee-shop too.
  const host = `${app}.${cluster.namespace}`;

  const nameOf = (address: string): string =>
    pods.lanes().findLast((lane) => lane.address === address)?.name ?? address;

  const note = (
    key: string,
    base: Pick<ProxyLane, 'name' | 'kind'>,
    subsets: string[],
    to: string[],
  ): void => {
    const lane: ProxyLane = proxies.get(key) ?? { ...base, changes: [] };
    proxies.set(key, lane);
    const change = { atMs: Math.max(0, Math.round(now())), subsets, pods: to.map(nameOf).sort() };
    const last = lane.changes.at(-1);
    if (last?.subsets.join() !== subsets.join() || last.pods.join() !== change.pods.join()) {
      lane.changes.push(change);
    }
  };

  const watchPods = async (): Promise<void> => {
    for await (const event of cluster.watch<Pod>(resources.pods, { labelSelector: `app=${app}`, signal })) {
      pods.observe(event, now());
      const { object, type } = event;
      const { name, uid = name, deletionTimestamp } = object.metadata;
      if (mesh && !asked.has(uid) && object.status?.phase === 'Running' && type !== 'DELETED') {
        asked.add(uid);
        run(() => askProxy(object, 'sidecar', name, sidecarEveryMs));
      }
      if (deletionTimestamp !== undefined && !drained.has(uid)) {
        drained.add(uid);
        run(() => askWhenQuiet(name));
      }
    }
  };

  const watchEndpoints = async (): Promise<void> => {
    const labelSelector = `kubernetes.io/service-name=${app}`;
    for await (const { object } of cluster.watch<EndpointSlice>(resources.endpointSlices, {
      labelSelector,
      signal,
    })) {
      const ready = (object.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      note(
        'endpoints',
        { name: 'EndpointSlice', kind: 'endpoints' },
        [],
        ready.flatMap(({ addresses }) => addresses ?? []),
      );
    }
  };

  const askGateway = async (): Promise<void> => {
    const [gateway] = await cluster.list<Pod>(resources.pods, {
      namespace: '*',
      labelSelector: 'istio=ingressgateway',
      signal,
    });
    if (gateway) await askProxy(gateway, 'gateway', 'gateway', gatewayEveryMs);
  };

  async function askProxy(
    pod: Pod,
    kind: 'gateway' | 'sidecar',
    name: string,
    everyMs: number,
  ): Promise<void> {
    const { namespace = cluster.namespace, uid = name } = pod.metadata;
    const forward = cluster.forward(namespace, pod.metadata.name, envoyAdminPort);
    try {
      let failures = 0;
      // A gateway comes back; a sidecar that does not answer has ended with its pod.
      while (!signal.aborted && (kind === 'gateway' || failures < 3)) {
        try {
          const routes = await ask(forward, routesPath);
          const { subsets, addresses } = readTargets(routes, await ask(forward, endpointsPath), host);
          note(uid, { name, kind }, subsets, addresses);
          failures = 0;
        } catch {
          failures += 1;
        }
        await pause(everyMs, signal);
      }
      const lane = proxies.get(uid);
      if (lane && !signal.aborted) lane.endedAtMs = Math.round(now());
    } finally {
      forward.close();
    }
  }

  async function ask(forward: PodForward, path: string): Promise<unknown> {
    return JSON.parse((await forward.request(path, { timeoutMs: 3_000, signal })).body);
  }

  /** A correct pod logs at its end when it was quiet; a naive one logs nothing. */
  async function askWhenQuiet(name: string): Promise<void> {
    const forward = cluster.forward(cluster.namespace, name, serviceAdminPort);
    try {
      const { body } = await forward.request('/lifecycle?until=closed', { timeoutMs: 60_000, signal });
      const { stateAgesMs } = JSON.parse(body) as { stateAgesMs?: { quiet?: number | null } };
      if (typeof stateAgesMs?.quiet === 'number') pods.quiet(name, now() - stateAgesMs.quiet);
    } finally {
      forward.close();
    }
  }

  run(watchPods);
  run(mesh ? askGateway : watchEndpoints);

  const observation = (): Observation => ({
    pods: pods.lanes(),
    proxies: [...proxies.values()].sort((a, b) => rank(a) - rank(b)),
    late,
    askedEveryMs: gatewayEveryMs,
  });
  return {
    observation,
    late: (lateness) => late.push(lateness),
    forget(beforeMs) {
      for (const uid of pods.forget(beforeMs)) {
        asked.delete(uid);
        drained.delete(uid);
      }
      for (const [key, lane] of proxies) {
        if ((lane.endedAtMs ?? Infinity) < beforeMs) proxies.delete(key);
        else
          lane.changes.splice(
            0,
            lane.changes.findLastIndex(({ atMs }) => atMs <= beforeMs),
          );
      }
    },
    async stop() {
      stopped.abort(new Error('the run is over'));
      // A task may have started another one meanwhile.
      while (tasks.size > 0) await Promise.all(tasks);
      return observation();
    },
  };
}

const rank = ({ kind }: ProxyLane): number => (kind === 'sidecar' ? 1 : 0);
