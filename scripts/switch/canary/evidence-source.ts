/** Where the evidence of a share comes from: what both versions answered in one and the same time, as their callers saw it. */
import type { Sample } from '../fisher.ts';
import { countBySubset, difference } from '../proofs/evidence.ts';
import type { ClusterStatuses } from '../proofs/envoy-answers.ts';
import type { Mesh } from '../proofs/mesh.ts';
import type { Proxy } from '../proofs/proxies.ts';
import { addLatencies, latenciesSince } from './latency.ts';
import type { Latencies } from './latency.ts';
import { LATENCY_PATH, readLatencies } from './proxy-latency.ts';

/** What has been counted since it was opened, by version. A version without an entry was not heard of. */
export interface EvidenceWindow {
  counts(signal: AbortSignal): Promise<ReadonlyMap<string, Sample>>;
  latencies(signal: AbortSignal): Promise<ReadonlyMap<string, Latencies>>;
}

export interface EvidenceSource {
  open(signal: AbortSignal): Promise<EvidenceWindow>;
}

/** The callers' own proxies, over their admin ports. */
export function createProxySource({ mesh, host }: { mesh: Mesh; host: string }): EvidenceSource {
  const askAll = async <T>(ask: (proxy: Proxy) => Promise<T>, nothing: T, signal: AbortSignal) => {
    const proxies = (await mesh.list(signal)).filter(
      ({ uid, terminating }) => uid !== undefined && !terminating,
    );
    // Evidence, not proof: a proxy that does not answer now is missing in the sample, no more.
    return Promise.all(proxies.map((proxy) => ask(proxy).catch(() => nothing)));
  };

  async function countAll(signal: AbortSignal): Promise<Map<string, Sample>> {
    const answers = await askAll<ClusterStatuses>(
      (proxy) => mesh.ask<ClusterStatuses>(proxy, '/clusters?format=json', signal),
      {},
      signal,
    );
    const total = new Map<string, Sample>();
    for (const [version, { requests, errors }] of answers.flatMap((one) => [...countBySubset(one, host)])) {
      const sum = total.get(version) ?? { requests: 0, errors: 0 };
      total.set(version, { requests: sum.requests + requests, errors: sum.errors + errors });
    }
    return total;
  }

  async function timeAll(signal: AbortSignal): Promise<Map<string, Latencies>> {
    const pages = await askAll((proxy) => mesh.read(proxy, LATENCY_PATH, signal), '', signal);
    const total = new Map<string, Map<number, number>>();
    for (const [version, latencies] of pages.flatMap((page) => [...readLatencies(page, host)]))
      total.set(version, addLatencies(total.get(version) ?? new Map<number, number>(), latencies));
    return total;
  }

  return {
    async open(signal) {
      const [counted, timed] = await Promise.all([countAll(signal), timeAll(signal)]);
      return {
        async counts(now) {
          const all = [...(await countAll(now))];
          return new Map(all.map(([version, sample]) => [version, difference(sample, counted.get(version))]));
        },
        async latencies(now) {
          const all = [...(await timeAll(now))];
          return new Map(
            all.map(([version, sample]) => [version, latenciesSince(sample, timed.get(version))]),
          );
        },
      };
    },
  };
}
