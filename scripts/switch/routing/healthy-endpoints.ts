/** Compares the endpoints that a proxy counts as healthy with the ready pods. */
import { describeAddress, ipOf } from '../../shared/istio/address.ts';
import type { EndpointsDump } from '../../shared/istio/envoy-answers.ts';
import { unproven } from './verdict.ts';
import type { Verdict } from './verdict.ts';

type ClusterEndpoints = NonNullable<NonNullable<EndpointsDump['configs']>[number]['endpoint_config']>;

/** The IPs of a cluster's healthy endpoints, or the address that cannot be read. */
export function healthyIn({ endpoints = [] }: ClusterEndpoints): Set<string> | { unreadable: string } {
  const all = endpoints.flatMap(({ lb_endpoints: group = [] }) => group);
  const healthy = all.filter(({ health_status: health }) => health === 'HEALTHY');
  const addresses = healthy.map(({ endpoint }) => endpoint?.address);
  const strange = addresses.findIndex((address) => ipOf(address) === undefined);
  return strange === -1
    ? new Set(addresses.map((address) => ipOf(address) ?? ''))
    : { unreadable: describeAddress(addresses[strange]) };
}

/** How these differ from the ready pods; undefined where they do not. */
export function otherThanReady(
  healthy: ReadonlySet<string>,
  ready: ReadonlySet<string>,
): Verdict | undefined {
  const missing = [...ready].filter((address) => !healthy.has(address));
  const surplus = [...healthy].filter((address) => !ready.has(address));
  if (missing.length === 0 && surplus.length === 0 && ready.size > 0) return undefined;
  const detail = [
    missing.length > 0 ? `without ${missing.join(', ')}` : '',
    surplus.length > 0 ? `with ${surplus.join(', ')} that is not ready` : '',
  ].filter((text) => text !== '');
  return unproven(
    `${healthy.size}/${ready.size} healthy endpoints${detail.length > 0 ? `, ${detail.join(', ')}` : ''}`,
  );
}
