/** The proofs a switch asks for, against the live mesh. A test may hand the switch another prover. */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { clusterNamePattern } from '../routing/istio-names.ts';
import { evaluateEndpoints } from '../routing/virtual-service/endpoints.ts';
import { unproven } from '../routing/envoy-answers.ts';
import type {
  ClusterStatuses,
  ClustersDump,
  EndpointsDump,
  RoutesDump,
  Verdict,
} from '../routing/envoy-answers.ts';
import { evaluateGone } from '../routing/virtual-service/gone.ts';
import type { Mesh } from './mesh.ts';
import { proveEverywhere } from './prove-everywhere.ts';
import type { Proof, ProofRequest } from './prove-everywhere.ts';
import type { Proxy } from './proxies.ts';
import { createQuietWatch, loadOn } from './quiet.ts';
import { evaluateRoutes } from '../routing/virtual-service/routes.ts';
import type { ExpectedRoutes } from '../routing/virtual-service/routes.ts';

export type Patience = Pick<ProofRequest, 'deadlineMs' | 'signal' | 'onProgress' | 'clock'>;

export interface ReadyPods {
  addresses: ReadonlySet<string>;
  /** What is not as it should be with the pods themselves: `1/2 pods ready`. */
  problem: string | undefined;
}

/** The version that is to be used no more. */
export interface Leaving {
  version: string;
  addresses: () => Promise<ReadonlySet<string>>;
  quietMs: number;
}

export interface Prover {
  /** A: at every proxy the subset is active and its healthy endpoints are the ready pods. */
  endpoints(
    claim: { host: string; subset: string; pods: () => Promise<ReadyPods>; rule: KubernetesObject },
    patience: Patience,
  ): Promise<Proof>;
  /**
   * B: every proxy has this revision of the routes, and none names the forbidden subset. With `leaving`, C begins here: each proxy's counts are
   * looked at before and when it proves B, so that a quiet that has begun by then need not begin anew.
   */
  routes(
    claim: ExpectedRoutes & { virtualService: KubernetesObject; leaving?: Leaving | undefined },
    patience: Patience,
  ): Promise<Proof>;
  /** C: at no proxy a request is active or begins on these addresses, for `quietMs`. */
  quiet(claim: Leaving, patience: Patience): Promise<Proof>;
  /** Every proxy has forgotten the subset. */
  gone(claim: { host: string; subset: string; rule: KubernetesObject }, patience: Patience): Promise<Proof>;
}

export function createProver(mesh: Mesh, clock: Clock = systemClock): Prover {
  /** "It has nothing of this service" counts only from a proxy that has its configuration at all. */
  const settled = async (proxy: Proxy, verdict: Verdict, signal: AbortSignal): Promise<Verdict> => {
    if (!verdict.proven || verdict.consumer || (await mesh.isLive(proxy, signal))) return verdict;
    return unproven('it has no configuration yet');
  };
  const seen = (object: KubernetesObject) => (signal: AbortSignal) => mesh.unseenBy(object, signal);
  /** What has been counted on a version that leaves, at each proxy. */
  const watchesOn = new Map<string, ReturnType<typeof watchOn>>();
  function watchOn({ addresses, quietMs }: Leaving) {
    const watches = new Map<string, ReturnType<typeof createQuietWatch>>();
    const now = remembered(addresses, 200, clock);
    let requests = 0;
    const look = async (proxy: Proxy, signal: AbortSignal) => {
      const watch = watches.get(proxy.key) ?? createQuietWatch(quietMs, (sent) => void (requests += sent));
      watches.set(proxy.key, watch);
      const [statuses, ips] = await Promise.all([
        mesh.ask<ClusterStatuses>(proxy, '/clusters?format=json', signal),
        now(),
      ]);
      return watch(loadOn(statuses, ips), clock.now());
    };
    /** A proof, and what was counted while it was waited for. */
    const counting = async (proof: Promise<Proof>): Promise<Proof> => {
      const before = requests;
      return { ...(await proof), requests: requests - before };
    };
    return { look, counting };
  }

  return {
    async endpoints({ host, subset, pods, rule }, patience) {
      const path = dumpPath('dynamic_endpoint_configs', clusterNamePattern(host), 'include_eds&');
      const now = remembered(pods, 200, clock);
      return proveEverywhere(mesh, {
        ...patience,
        what: `subset ${subset} with its ready pods`,
        // Where nobody has anything of the service, looking at everybody shows nothing: it may bear another name there.
        atLeastOne: `proxy that knows ${host} (a DNS domain of the cluster other than cluster.local is not supported)`,
        check: async (proxy, signal) => {
          const dump = await mesh.ask<EndpointsDump>(proxy, path, signal);
          // The pods are read after the dump: an endpoint that is gone by now must not count.
          const { addresses } = await now();
          const isExported = isExportedTo(rule, proxy.namespace);
          return settled(
            proxy,
            evaluateEndpoints(dump, { host, subset, ready: addresses, isExported }),
            signal,
          );
        },
        also: async (signal) => {
          const [{ problem }, unseen] = await Promise.all([pods(), mesh.unseenBy(rule, signal)]);
          return problem ?? unseen;
        },
      });
    },

    async routes({ virtualService, leaving, ...expected }, patience) {
      const watch = leaving && watchOn(leaving);
      if (watch) watchesOn.set(leaving.version, watch);
      const begun = new Set<string>();
      // All of them, not only those of a port: nobody may name the old version, whatever the route is called.
      const path = '/config_dump?resource=dynamic_route_configs';
      const proof = proveEverywhere(mesh, {
        ...patience,
        what: 'the new route',
        check: async (proxy, signal) => {
          if (watch && !begun.has(proxy.key)) await watch.look(proxy, signal);
          begun.add(proxy.key);
          const dump = await mesh.ask<RoutesDump>(proxy, path, signal);
          const verdict = await settled(proxy, evaluateRoutes(dump, expected), signal);
          if (watch && verdict.proven) await watch.look(proxy, signal);
          return verdict;
        },
        also: seen(virtualService),
      });
      return watch ? watch.counting(proof) : proof;
    },

    async quiet(leaving, patience) {
      const { version } = leaving;
      const { look, counting } = watchesOn.get(version) ?? watchOn(leaving);
      // One proof each: what was counted long ago says nothing about a quiet to come.
      watchesOn.delete(version);
      const what = `that nobody uses ${version} any more`;
      return counting(proveEverywhere(mesh, { ...patience, what, check: look }));
    },

    async gone({ host, subset, rule }, patience) {
      const pattern = clusterNamePattern(host, subset);
      return proveEverywhere(mesh, {
        ...patience,
        what: `that subset ${subset} is gone`,
        check: async (proxy, signal) => {
          // In this order: a cluster that becomes active in between is seen.
          const warming = await mesh.ask<ClustersDump>(
            proxy,
            dumpPath('dynamic_warming_clusters', pattern),
            signal,
          );
          const active = await mesh.ask<ClustersDump>(
            proxy,
            dumpPath('dynamic_active_clusters', pattern),
            signal,
          );
          return evaluateGone({ active, warming }, { host, subset });
        },
        also: seen(rule),
      });
    },
  };
}

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/#DestinationRule-export_to */
function isExportedTo({ metadata, ...rule }: KubernetesObject, namespace: string): boolean {
  const { exportTo = [] } = (rule['spec'] ?? {}) as { exportTo?: string[] };
  const own = metadata.namespace === namespace;
  return (
    exportTo.length === 0 || exportTo.some((to) => to === '*' || to === namespace || (to === '.' && own))
  );
}

function dumpPath(resource: string, pattern: string, extra = ''): string {
  return `/config_dump?${extra}resource=${resource}&name_regex=${encodeURIComponent(pattern)}`;
}

/** Many proxies ask at once for what one list call tells all of them. */
function remembered<T>(read: () => Promise<T>, forMs: number, clock: Clock): () => Promise<T> {
  let at = -Infinity;
  let value: Promise<T> | undefined;
  return () => {
    if (value === undefined || clock.now() - at > forMs) {
      at = clock.now();
      value = read();
      value.catch(() => (value = undefined));
    }
    return value;
  };
}
