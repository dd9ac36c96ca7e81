/**
 * Proof A: the version's pods can be reached. The cluster of its Service is active for each port of the
 * Service, and its healthy endpoints are exactly the ready pods.
 */
import type { EndpointsDump } from '../../../shared/istio/envoy-answers.ts';
import { parseClusterName } from '../../../shared/istio/names.ts';
import { healthyIn, otherThanReady } from '../healthy-endpoints.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';
import { behind } from './barrier.ts';

export interface ExpectedService {
  /** The version's Service by its name at proxies, with its ports. */
  host: string;
  ports: readonly number[];
  /**
   * The app's Service and those of other versions: a proxy that has one of them may send to the version
   * later.
   */
  others: ReadonlySet<string>;
  /** The IPs of the pods that are ready now. */
  ready: ReadonlySet<string>;
  /** Whether the version's Service is exported to the proxy. Default true. */
  isExported?: boolean;
  /** A Service that was written after the version's: its name, and its name at proxies. */
  barrier?: { name: string; host: string } | undefined;
}

export function evaluateService(
  dump: EndpointsDump,
  { host, ports, others, ready, isExported = true, barrier }: ExpectedService,
): Verdict {
  const odd = unreadableIn(dump, 'endpoint_config');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  const healthyByPort = new Map<number, Set<string>>();
  const withBarrier = new Set<number>();
  let isConsumer = false;
  for (const { endpoint_config: config } of dump.configs ?? []) {
    const name = parseClusterName(config?.cluster_name ?? '');
    if (name === undefined || name.subset !== '') continue;
    if (name.host === barrier?.host) withBarrier.add(name.port);
    isConsumer ||= name.host === host || others.has(name.host);
    if (name.host !== host) continue;
    const healthy = healthyIn(config ?? {});
    if ('unreadable' in healthy) return unproven(`cannot read an endpoint of ${host}: ${healthy.unreadable}`);
    healthyByPort.set(name.port, healthy);
  }
  if (!isConsumer || (!isExported && healthyByPort.size === 0)) return proven(false);
  for (const port of ports) {
    const healthy = healthyByPort.get(port);
    if (barrier !== undefined && !withBarrier.has(port)) return unproven(behind(barrier.name, port));
    if (healthy === undefined) return unproven(`${host} is unknown or still warming (port ${port})`);
    const other = otherThanReady(healthy, ready);
    if (other !== undefined) return other;
  }
  return proven();
}
