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
  /** Which run of it is at work, or was last; absent for the first. */
  attempt?: number | undefined;
  /** The revision of the versions that every proxy was proven to have when the switch began, or at its end; absent where that is not known. */
  proven?: string | undefined;
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
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As values of labels are written: nothing that a shell would take for more when it stands in a suggested command. */
const NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** Somebody else may have written the annotation. */
function isRecord(value: unknown): value is SwitchRecord {
  const fields = (value ?? {}) as Partial<Record<keyof SwitchRecord, unknown>>;
  const { id, from, to, phase, startedAt, attempt = 1, proven = '' } = fields;
  return (
    [id, from, to].every((name) => typeof name === 'string' && NAME.test(name)) &&
    ['running', 'undoing', 'switched', 'undone'].includes(String(phase)) &&
    typeof startedAt === 'string' &&
    /^[\dT:.Z+-]*$/.test(startedAt) &&
    Number.isSafeInteger(attempt) &&
    Number(attempt) >= 1 &&
    typeof proven === 'string'
  );
}

/** A switch was begun and neither finished nor rolled back. */
export function isUnfinished(
  record: SwitchRecord | undefined,
): record is SwitchRecord & { phase: 'running' | 'undoing' } {
  return record?.phase === 'running' || record?.phase === 'undoing';
}
