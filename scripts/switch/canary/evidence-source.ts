/**
 * The source of a share's evidence: the answers of both versions over the same time, counted at the callers.
 */
import type { Sample } from './fisher.ts';
import { clustersPathOf } from '../routing/host-load.ts';
import type { ClusterStatuses } from '../../shared/istio/envoy-answers.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';
import type { Mesh } from '../proofs/mesh.ts';
import type { Proxy } from '../proofs/proxies.ts';
import { samplesOf, hostCounters } from './host-counters.ts';
import { createIncrease } from './increase.ts';
import type { Counters } from './increase.ts';
import type { Latencies } from './latency.ts';
import type { MetricLabel } from './metric-label.ts';
import { LATENCY_PATH, latenciesOf, latencyCounters } from './proxy-latency.ts';

/** The counts since the window was opened, by version. A version without an entry has no counts. */
export interface EvidenceWindow {
  counts(signal: AbortSignal): Promise<ReadonlyMap<string, Sample>>;
  latencies(signal: AbortSignal): Promise<ReadonlyMap<string, Latencies>>;
}

export interface EvidenceSource {
  open(signal: AbortSignal): Promise<EvidenceWindow>;
}

/** Wraps a source so that it also gives the number of these versions' answers in its first window. */
export function withTally(
  source: EvidenceSource,
  versions: string[],
): EvidenceSource & { requests(): number } {
  let seen: ReadonlyMap<string, Sample> = new Map();
  let isFirst = true;
  return {
    requests: () => versions.reduce((sum, version) => sum + (seen.get(version)?.requests ?? 0), 0),
    async open(signal) {
      const window = await source.open(signal);
      if (!isFirst) return window;
      isFirst = false;
      return { ...window, counts: async (now) => (seen = await window.counts(now)) };
    },
  };
}

/** Reads the counters of the callers' own proxies, over their admin ports. */
export function createProxySource({
  mesh,
  routing,
  label,
}: {
  mesh: Mesh;
  routing: Pick<TrafficRouting, 'hosts' | 'versionOfCluster'>;
  label?: MetricLabel | undefined;
}): EvidenceSource {
  async function askAll(
    ask: (proxy: Proxy) => Promise<Counters>,
    signal: AbortSignal,
  ): Promise<Map<string, Counters>> {
    const answers = new Map<string, Counters>();
    const proxies = (await mesh.list(signal)).filter(
      ({ uid, terminating }) => uid !== undefined && !terminating,
    );
    await Promise.all(
      proxies.map(async (proxy) => {
        // This is evidence, not proof: a proxy that does not answer is left out of the sample.
        const counters = await ask(proxy).catch(() => undefined);
        if (counters) answers.set(proxy.key, counters);
      }),
    );
    signal.throwIfAborted();
    return answers;
  }

  const path = clustersPathOf(routing.hosts);
  const countAll = (signal: AbortSignal) =>
    askAll(
      async (proxy) => hostCounters(await mesh.ask<ClusterStatuses>(proxy, path, signal), routing),
      signal,
    );
  const timeAll = (signal: AbortSignal) =>
    askAll(
      async (proxy) => latencyCounters(await mesh.read(proxy, LATENCY_PATH, signal), routing, label),
      signal,
    );

  return {
    async open(signal) {
      const counted = createIncrease();
      const timed = createIncrease();
      const [counts, times] = await Promise.all([countAll(signal), timeAll(signal)]);
      counted(counts);
      timed(times);
      return {
        counts: async (now) => samplesOf(counted(await countAll(now))),
        latencies: async (now) => latenciesOf(timed(await timeAll(now))),
      };
    },
  };
}
