import type { ClusterJson } from '../xds-types.ts';

/** The largest limit there is: none. */
const NO_LIMIT = 4_294_967_295;

export type Resource = 'connections' | 'pending' | 'requests' | 'retries';
type Thresholds = NonNullable<ClusterJson['circuit_breakers']>['thresholds'][number];
type Limit = 'max_connections' | 'max_pending_requests' | 'max_requests' | 'max_retries';

const LIMITS: Record<Resource, Limit> = {
  connections: 'max_connections',
  pending: 'max_pending_requests',
  requests: 'max_requests',
  retries: 'max_retries',
};

/**
 * How much of its limits a cluster uses, all of its endpoints together, and how often one was met.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
 */
export class CircuitBreaker {
  readonly inUse: Record<Resource, number> = { connections: 0, pending: 0, requests: 0, retries: 0 };
  readonly overflows: Record<Resource, number> = { connections: 0, pending: 0, requests: 0, retries: 0 };
  readonly #thresholds: () => Thresholds | undefined;

  /** @param thresholds as the cluster is configured at the time */
  constructor(thresholds: () => Thresholds | undefined) {
    this.#thresholds = thresholds;
  }

  isOpen(resource: Resource): boolean {
    return this.inUse[resource] >= (this.#thresholds()?.[LIMITS[resource]] ?? NO_LIMIT);
  }

  /** Whether one more is allowed; counts it when not. */
  admits(resource: Resource): boolean {
    if (!this.isOpen(resource)) return true;
    this.overflows[resource] += 1;
    return false;
  }
}
