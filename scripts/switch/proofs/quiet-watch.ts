/** Proof C at all proxies at once. It may begin during proof B: a quiet period that has begun then counts. */
import type { Clock } from '../../shared/clock.ts';
import { unproven } from '../routing/verdict.ts';
import type { ClusterStatuses } from '../../shared/istio/envoy-answers.ts';
import type { Verdict } from '../routing/verdict.ts';
import { CLUSTERS_PATH, clustersPathOf, loadOn } from '../routing/host-load.ts';
import { cached } from '../../shared/cached.ts';
import type { LeavingPods } from './leaving-pods.ts';
import type { Mesh } from './mesh.ts';
import type { Proof } from './prove-everywhere.ts';
import type { Proxy } from './proxies.ts';
import { createQuietWatch } from './quiet.ts';

/** The version whose use ends. */
export interface Leaving {
  version: string;
  /** The service's names at the proxies. */
  hosts: readonly string[];
  pods: () => Promise<LeavingPods>;
  quietMs: number;
}

export interface QuietWatch {
  /** The watched version. */
  version: string;
  look(proxy: Proxy, signal: AbortSignal): Promise<Verdict>;
  /** Adds to a proof the number of requests that were counted during it. */
  counting(proof: Promise<Proof>): Promise<Proof>;
}

export function startQuietWatch(
  { version, hosts, pods, quietMs }: Leaving,
  { mesh, clock }: { mesh: Mesh; clock: Clock },
): QuietWatch {
  const watches = new Map<string, ReturnType<typeof createQuietWatch>>();
  const now = cached(pods, 200, clock);
  let requests = 0;
  return {
    version,
    async look(proxy, signal) {
      const watch = watches.get(proxy.key) ?? createQuietWatch(quietMs, (sent) => void (requests += sent));
      watches.set(proxy.key, watch);
      const isWhole = (await now()).needsWholePage(proxy);
      const path = isWhole ? CLUSTERS_PATH : clustersPathOf(hosts);
      const [statuses, { addresses, needsWholePage }] = await Promise.all([
        mesh.ask<ClusterStatuses>(proxy, path, signal),
        now(),
      ]);
      if (!isWhole && needsWholePage(proxy)) return unproven('its whole page is needed');
      return watch(loadOn(statuses, addresses, hosts), clock.now());
    },
    async counting(proof) {
      const before = requests;
      return { ...(await proof), requests: requests - before };
    },
  };
}
