/**
 * Proof A: the candidate's pods can be reached. The endpoints dump has active clusters only (a warming one
 * answers 503) and shows the health of each host. So one answer shows that the subset's cluster exists, is
 * active, and has exactly the ready pods as healthy hosts.
 */
import { parseClusterName } from '../../../shared/istio/names.ts';
import { healthyIn, otherThanReady } from '../healthy-endpoints.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import { behind } from './barrier.ts';
import type { EndpointsDump } from '../../../shared/istio/envoy-answers.ts';
import type { Verdict } from '../verdict.ts';

export interface ExpectedEndpoints {
  host: string;
  subset: string;
  /** The IPs of the pods that are ready now. */
  ready: ReadonlySet<string>;
  /** Whether the DestinationRule is exported to the proxy: else it need not have the subset. Default true. */
  isExported?: boolean;
  /** A subset that only this revision of the DestinationRule has. */
  barrier?: string | undefined;
}

export function evaluateEndpoints(
  dump: EndpointsDump,
  { host, subset, ready, isExported = true, barrier }: ExpectedEndpoints,
): Verdict {
  const odd = unreadableIn(dump, 'endpoint_config');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  const healthyByPort = new Map<number, Set<string>>();
  const ports = new Set<number>();
  const withBarrier = new Set<number>();
  let hasSubsets = false;
  for (const { endpoint_config: config } of dump.configs ?? []) {
    const name = parseClusterName(config?.cluster_name ?? '');
    if (name?.host !== host) continue;
    ports.add(name.port);
    hasSubsets ||= name.subset !== '';
    if (name.subset === barrier) withBarrier.add(name.port);
    if (name.subset !== subset) continue;
    const healthy = healthyIn(config ?? {});
    if ('unreadable' in healthy)
      return unproven(`cannot read an endpoint of ${subset}: ${healthy.unreadable}`);
    healthyByPort.set(name.port, healthy);
  }
  if (!isExported && !hasSubsets) return proven(false);
  for (const port of ports) {
    const healthy = healthyByPort.get(port);
    if (barrier !== undefined && !withBarrier.has(port)) return unproven(behind(barrier, port));
    if (healthy === undefined) return unproven(`subset ${subset} is unknown or still warming (port ${port})`);
    const other = otherThanReady(healthy, ready);
    if (other !== undefined) return other;
  }
  return proven(ports.size > 0);
}
