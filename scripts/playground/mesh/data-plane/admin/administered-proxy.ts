import type { Cluster } from '../cluster.ts';
import type { ProxySpec } from '../messages.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { RequestTelemetry } from '../telemetry.ts';

/** What the admin port shows of a proxy, and what it can ask of it. */
export interface AdministeredProxy {
  readonly spec: ProxySpec;
  readonly config: ProxyConfig;
  readonly startedAt: number;
  readonly telemetry: RequestTelemetry;
  readonly inboundClusters: ReadonlyMap<number, Cluster>;
  readonly connections: number;
  readonly state: 'LIVE' | 'DRAINING' | 'INITIALIZING';
  drain(): void;
}
