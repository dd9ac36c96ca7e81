/** Proof C at every proxy at once. It may begin while B is proven, so that a quiet that has begun by then need not begin anew. */
import type { Clock } from '../../shared/clock.ts';
import type { ClusterStatuses, Verdict } from '../routing/envoy-answers.ts';
import { CLUSTERS_PATH, loadOn } from '../routing/host-load.ts';
import { cached } from './cached.ts';
import type { Mesh } from './mesh.ts';
import type { Proof } from './prove-everywhere.ts';
import type { Proxy } from './proxies.ts';
import { createQuietWatch } from './quiet.ts';

/** The version that is to be used no more. */
export interface Leaving {
  version: string;
  /** The service's name at the proxies. */
  host: string;
  addresses: () => Promise<ReadonlySet<string>>;
  quietMs: number;
}

export interface QuietWatch {
  /** The version it watches. */
  version: string;
  look(proxy: Proxy, signal: AbortSignal): Promise<Verdict>;
  /** A proof, and how many requests were counted while it was waited for. */
  counting(proof: Promise<Proof>): Promise<Proof>;
}

export function startQuietWatch(
  { version, host, addresses, quietMs }: Leaving,
  { mesh, clock }: { mesh: Mesh; clock: Clock },
): QuietWatch {
  const watches = new Map<string, ReturnType<typeof createQuietWatch>>();
  const now = cached(addresses, 200, clock);
  let requests = 0;
  return {
    version,
    async look(proxy, signal) {
      const watch = watches.get(proxy.key) ?? createQuietWatch(quietMs, (sent) => void (requests += sent));
      watches.set(proxy.key, watch);
      const [statuses, ips] = await Promise.all([
        mesh.ask<ClusterStatuses>(proxy, CLUSTERS_PATH, signal),
        now(),
      ]);
      return watch(loadOn(statuses, ips, host), clock.now());
    },
    async counting(proof) {
      const before = requests;
      return { ...(await proof), requests: requests - before };
    },
  };
}
