import type { Cluster } from '../../../shared/cluster/cluster.ts';
import type { ReleaseCluster } from '../../playground.ts';
import type { StageLog } from './log.ts';

/** The cluster as the stage needs it: to release on it, to make its proxies late, and to observe that. */
export interface StagePlayground extends ReleaseCluster {
  freeze(proxy: string, options?: { forMs?: number }): void | Promise<void>;
  thaw(proxy: string): void | Promise<void>;
  /** Kills the process of a pod's container; the kubelet starts it again. */
  crash(pod: string, options: { container: string }): Promise<void>;
  proxies(): { pod: string; type: 'router' | 'sidecar'; frozen: boolean }[];
}

/** Shared by all parts of the stage. */
export interface StageContext {
  playground: StagePlayground;
  cluster: Cluster;
  mesh: boolean;
  /** Where orders are placed. */
  ordersUrl: string;
  /** Milliseconds since the stage opened: the one clock of the page. */
  now: () => number;
  log: StageLog;
  /** Aborted when the stage closes. */
  signal: AbortSignal;
}
