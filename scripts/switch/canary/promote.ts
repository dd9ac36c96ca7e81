/**
 * The approval of a share that `--hold` holds: an annotation on the Lease. It names the switch and the share.
 */
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { retryWrite } from '../../shared/cluster/idempotent-write.ts';
import { CommandError } from '../../shared/errors.ts';
import { isUnfinished, readLease } from '../lock/switch-record.ts';
import { createMarker } from '../routing/marker.ts';
import { readState } from '../cluster-state/read-state.ts';

const PROMOTION = 'zero-downtime/promote';

const yesTo = (id: string, share: number) => `${id} ${share}`;

export async function isPromoted(
  cluster: Cluster,
  app: string,
  { id, share }: { id: string; share: number },
): Promise<boolean> {
  const lease = await readLease(cluster, app);
  return lease?.metadata.annotations?.[PROMOTION] === yesTo(id, share);
}

/** Approves the current share of the running switch; returns a line for the user. */
export async function promote(cluster: Cluster, app: string, clock: Clock = systemClock): Promise<string> {
  const { record, lastSeen } = await readState(cluster, app);
  if (!isUnfinished(record) || record.phase !== 'running')
    throw new CommandError(`No switch of ${app} is under way; there is nothing to promote.`);
  const share = lastSeen.shareAt(createMarker(record.from, record.to, record.id));
  if (share === undefined)
    throw new CommandError(
      `The switch of ${app} to ${record.to} is at no share; there is nothing to promote.`,
    );
  // The running switch writes the same Lease: retry after a conflict.
  await retryWrite(
    async () => {
      const lease = await readLease(cluster, app);
      if (lease === undefined) throw new CommandError(`The Lease of the switch of ${app} is gone.`);
      const annotations = { ...lease.metadata.annotations, [PROMOTION]: yesTo(record.id, share) };
      await cluster.replace({ ...lease, metadata: { ...lease.metadata, annotations } });
    },
    { clock },
  );
  return `${record.to} may have more than ${share} % of ${app}'s traffic.`;
}
