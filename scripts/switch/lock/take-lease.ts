/** Acquires the Lease, or finds its holder. */
import { hostname } from 'node:os';
import { systemClock, type Clock } from '../../shared/clock.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isAmbiguous, isConflict } from '../../shared/cluster/errors.ts';
import { formatDuration } from '../../shared/duration.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { userName } from '../../shared/user.ts';
import { pause } from '../../shared/wait.ts';
import { createId } from '../../shared/create-id.ts';
import { holdBy, keepLease, type OperatorLease, type Operator } from './operator-lease.ts';
import { leaseName } from './switch-record.ts';

/** Interval of progress lines while waiting for the Lease, in milliseconds. */
const SAY_EVERY_MS = 5000;

export interface TakeOptions {
  leaseSeconds?: number | undefined;
  signal: AbortSignal;
  onWait?: (text: string) => void;
  clock?: Clock;
  /** Unique to this run. Default: from user, machine and process. */
  identity?: string | undefined;
}

/** A readable holder identity, unique to this run. */
function operatorIdentity(id: string): string {
  return `${userName()}@${hostname()}-${process.pid}-${id}`;
}

/**
 * Takes the Lease. Where another run holds it, waits until that one renews it (it is alive, and this run
 * stops) or it expires (that one was killed). Expiry is measured from the last change seen here, not from the
 * time in the Lease, so that clock skew does not matter, as in client-go's leader election.
 */
export async function takeLease(cluster: Cluster, app: string, options: TakeOptions): Promise<OperatorLease> {
  const { leaseSeconds = 15, signal, onWait, clock = systemClock } = options;
  const operator: Operator = {
    identity: options.identity ?? operatorIdentity(createId()),
    leaseSeconds,
    clock,
  };
  const name = leaseName(app);
  const other = createObserver({ app, name, leaseSeconds, clock, onWait });
  let failingSince: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const found = await cluster.get<Lease>(resources.leases, name, { signal });
    const holder = found?.spec.holderIdentity ?? '';
    const isFree = holder === '' || holder === operator.identity;
    const leftMs = isFree ? 0 : other.leftMs(holder, found);
    if (leftMs > 0) {
      await pause(Math.min(500, leftMs), signal, clock);
      continue;
    }
    if (!isFree) onWait?.(`${holder} is gone: taking its Lease over`);
    try {
      return keepLease(cluster, operator, await write(found));
    } catch (error) {
      // Retry after a conflict or a lost answer, with a deadline: a Lease may exist and not be readable.
      failingSince ??= clock.now();
      const isOver = clock.now() - failingSince > leaseSeconds * 1000;
      if (isOver || !(isConflict(error) || isAmbiguous(error))) throw error;
      await pause(100, signal, clock);
    }
  }

  function write(found: Lease | undefined): Promise<Lease> {
    if (found !== undefined) return cluster.replace<Lease>(holdBy(operator, found), { signal });
    const metadata = { name, namespace: cluster.namespace };
    const empty = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} };
    return cluster.create<Lease>(holdBy(operator, empty), { signal });
  }
}

interface Watching {
  app: string;
  name: string;
  leaseSeconds: number;
  clock: Clock;
  onWait: ((text: string) => void) | undefined;
}

/** Observes the holder of the Lease. */
function createObserver({ app, name, leaseSeconds, clock, onWait }: Watching) {
  let seen: { holder: string; renewed: string; at: number } | undefined;
  let saidAt = -Infinity;
  return {
    /** Time until the Lease expires, in milliseconds. Throws when its holder was seen to renew it. */
    leftMs(holder: string, lease: Lease | undefined): number {
      const renewed = lease?.spec.renewTime ?? '';
      if (seen?.holder !== holder) seen = { holder, renewed, at: clock.now() };
      if (seen.renewed !== renewed)
        throw new CommandError(`${holder} is switching ${app} right now; nothing was changed`);
      const leftMs = (lease?.spec.leaseDurationSeconds ?? leaseSeconds) * 1000 - (clock.now() - seen.at);
      if (leftMs > 0 && clock.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = clock.now();
        const since = renewed === '' ? '' : `, renewed at ${renewed}`;
        onWait?.(
          `${holder} holds the Lease ${name}${since}: waiting ${formatDuration(leftMs)} more to see whether it is still at work`,
        );
      }
      return leftMs;
    },
  };
}
