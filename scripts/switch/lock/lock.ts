/** The lock of one run. A run without writes never takes it. */
import type { Run } from '../context.ts';
import { takeLease } from './take-lease.ts';
import type { OperatorLease } from './operator-lease.ts';
import type { SwitchRecord } from './switch-record.ts';

export interface Lock {
  /** Aborted when another run may have taken the Lease. */
  readonly lost: AbortSignal;
  take(run: Pick<Run, 'cluster' | 'options' | 'signal' | 'clock' | 'reporter'>): Promise<void>;
  /** Renews the Lease; does nothing before it is taken. */
  renew(): Promise<void>;
  write(record: SwitchRecord): Promise<void>;
  /** Writes the last record and releases the lock in one write. */
  finish(record: SwitchRecord): Promise<void>;
  release(): Promise<void>;
}

export function createLock(): Lock {
  const lost = new AbortController();
  let lease: OperatorLease | undefined;
  return {
    lost: lost.signal,
    async take({ cluster, options, signal, clock, reporter }) {
      const { app, leaseSeconds, identity } = options;
      const onWait = (text: string) => reporter.note(text);
      const taken = await takeLease(cluster, app, { leaseSeconds, identity, signal, clock, onWait });
      taken.lost.addEventListener('abort', () => lost.abort(taken.lost.reason));
      lease = taken;
    },
    renew: async () => lease?.renew(),
    write: async (record) => lease?.write(record),
    finish: async (record) => lease?.finish(record),
    release: async () => lease?.release(),
  };
}
