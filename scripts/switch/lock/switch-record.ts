/** The memory of a switch: what is being switched, in an annotation of the Lease, for the next run to continue or to undo on whatever machine. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';

export const ANNOTATION = 'zero-downtime-coffee-shop/switch';

export interface SwitchRecord {
  id: string;
  from: string;
  to: string;
  phase: 'running' | 'undoing' | 'switched' | 'undone';
  startedAt: string;
  /** What of the candidate was there before the switch began: it is not ours to take away. */
  before?: { deployment: boolean; subset: boolean };
  /** The old version was left running on purpose. */
  keptOld?: boolean;
}

export function leaseName(app: string): string {
  return `switch-${app}`;
}

export async function readLease(cluster: Cluster, app: string): Promise<Lease | undefined> {
  return cluster.get<Lease>(resources.leases, leaseName(app));
}

export function readRecord(lease: Lease | undefined): SwitchRecord | undefined {
  const text = lease?.metadata.annotations?.[ANNOTATION];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as SwitchRecord;
  } catch {
    return undefined;
  }
}

/** A switch was begun and neither finished nor rolled back. */
export function isUnfinished(
  record: SwitchRecord | undefined,
): record is SwitchRecord & { phase: 'running' | 'undoing' } {
  return record?.phase === 'running' || record?.phase === 'undoing';
}
