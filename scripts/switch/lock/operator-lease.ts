/** The operator lease: one run at a time. A running one renews it; that of a killed run expires. */
import { withTimeout, type Clock } from '../../shared/clock.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isAmbiguous, isConflict } from '../../shared/cluster/errors.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { ANNOTATION, type SwitchRecord } from './switch-record.ts';

/** Renewals per lease duration: some may fail, and the holder stops before another may take over. */
const RENEWALS = 5;
/** Retries of a write after a conflict or a lost answer. */
const MOST_RETRIES = 20;
const RETRY_AFTER_MS = 100;

export interface Operator {
  /** Unique to this run. */
  identity: string;
  leaseSeconds: number;
  clock: Clock;
}

export interface OperatorLease {
  /** Writes the record; fails when another run holds the Lease. */
  write(record: SwitchRecord): Promise<void>;
  /** Renews the Lease now, within its duration; fails when another run holds it. */
  renew(): Promise<void>;
  /** Writes the last record and releases the Lease in one write: a kill leaves both done or neither. */
  finish(record: SwitchRecord): Promise<void>;
  /** Aborted when the Lease could not be renewed in time: another run may have taken it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The Lease as held by this run from now on. */
export function holdBy({ identity, leaseSeconds, clock }: Operator, lease: Lease): Lease {
  const now = microTime(clock);
  const isNew = lease.spec.holderIdentity !== identity;
  const transitions = (lease.spec.leaseTransitions ?? 0) + 1;
  const spec = {
    ...lease.spec,
    holderIdentity: identity,
    leaseDurationSeconds: leaseSeconds,
    renewTime: now,
    ...(isNew ? { acquireTime: now, leaseTransitions: transitions } : {}),
  };
  return { ...lease, spec };
}

/** Renews a Lease that was taken until it is finished or released. */
export function keepLease(cluster: Cluster, operator: Operator, taken: Lease): OperatorLease {
  return new KeptLease(cluster, operator, taken);
}

interface Edit {
  edit: (lease: Lease) => Lease;
  /** Whether a write whose answer was lost has been done. */
  isDone?: (found: Lease) => boolean;
  /** Timeout of one request, in milliseconds. */
  timeoutMs?: number;
}

class KeptLease implements OperatorLease {
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  readonly #lost = new AbortController();
  readonly #everyMs: number;
  #lease: Lease;
  /** Renewals that were due since the last write. A suspended process counts one, however long it was. */
  #missed = 0;
  #isRenewing = false;
  #writing: Promise<unknown> = Promise.resolve();
  #cancel: () => void;
  #released = false;

  constructor(cluster: Cluster, operator: Operator, taken: Lease) {
    this.#cluster = cluster;
    this.#operator = operator;
    this.#lease = taken;
    this.#everyMs = (operator.leaseSeconds * 1000) / RENEWALS;
    this.#cancel = operator.clock.after(this.#everyMs, () => this.#everySoOften());
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Repeats the renewal when its answer was read late: the Lease may have expired since. */
  async renew(): Promise<void> {
    for (;;) {
      const elapsedMs = stopwatch(this.#operator.clock);
      await this.#change({ edit: (lease) => holdBy(this.#operator, lease) });
      if (elapsedMs() < this.#everyMs) return;
    }
  }

  write(record: SwitchRecord): Promise<void> {
    return this.#change({ edit: (lease) => annotated(holdBy(this.#operator, lease), record) });
  }

  async finish(record: SwitchRecord): Promise<void> {
    this.#cancel();
    const text = JSON.stringify(record);
    await this.#change({
      edit: (lease) => annotated(this.#free(lease), record),
      isDone: ({ metadata }) => metadata.annotations?.[ANNOTATION] === text,
    });
    this.#released = true;
  }

  async release(): Promise<void> {
    this.#cancel();
    if (this.#released || this.lost.aborted) return;
    await this.#change({ edit: (lease) => this.#free(lease) }).catch(() => undefined);
  }

  #everySoOften(): void {
    this.#cancel = this.#operator.clock.after(this.#everyMs, () => this.#everySoOften());
    this.#missed += 1;
    // Give up one renewal interval before another run may take the Lease.
    if (this.#missed >= RENEWALS - 1) {
      const { name } = this.#lease.metadata;
      this.#lost.abort(new CommandError(`The Lease ${name} could not be renewed; this run stops.`));
      return;
    }
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    // With a timeout: a hanging renewal must not delay the next one.
    const edit = (lease: Lease) => holdBy(this.#operator, lease);
    void this.#change({ edit, timeoutMs: 2 * this.#everyMs })
      .catch(() => undefined)
      .finally(() => (this.#isRenewing = false));
  }

  /** Writes one after another, each on the result of the one before. */
  #change(edit: Edit): Promise<void> {
    const next = this.#writing.then(() => this.#write(edit));
    this.#writing = next.catch(() => undefined);
    return next;
  }

  async #write({ edit, isDone = () => false, timeoutMs }: Edit): Promise<void> {
    const bounded = <T>(ask: (options: { signal?: AbortSignal }) => Promise<T>): Promise<T> =>
      timeoutMs === undefined
        ? ask({})
        : withTimeout(this.#operator.clock, timeoutMs, (late) => ask({ signal: late }));
    for (let attempt = 0; ; attempt += 1) {
      this.lost.throwIfAborted();
      try {
        this.#lease = await bounded((options) => this.#cluster.replace<Lease>(edit(this.#lease), options));
        this.#missed = 0;
        return;
      } catch (error) {
        if (attempt >= MOST_RETRIES || !(isConflict(error) || isAmbiguous(error))) throw error;
        const { name } = this.#lease.metadata;
        const found = await bounded((options) => this.#cluster.get<Lease>(resources.leases, name, options));
        if (found !== undefined && isDone(found)) return;
        this.#lease = this.#verifyOurs(found);
        await pause(RETRY_AFTER_MS, undefined, this.#operator.clock);
      }
    }
  }

  #verifyOurs(found: Lease | undefined): Lease {
    if (found?.spec.holderIdentity === this.#operator.identity) return found;
    const holder = found?.spec.holderIdentity || 'nobody';
    const reason = new CommandError(
      `${holder} holds the Lease ${this.#lease.metadata.name} now; this run stops.`,
    );
    this.#lost.abort(reason);
    throw reason;
  }

  #free(lease: Lease): Lease {
    const spec = { ...lease.spec, holderIdentity: '', renewTime: microTime(this.#operator.clock) };
    return { ...lease, spec };
  }
}

/** Elapsed time, the larger of two clocks': a monotonic clock may stop while the machine sleeps. */
function stopwatch(clock: Clock): () => number {
  const [from, date] = [clock.now(), clock.date().getTime()];
  return () => Math.max(clock.now() - from, clock.date().getTime() - date);
}

function annotated(lease: Lease, record: SwitchRecord): Lease {
  const annotations = { ...lease.metadata.annotations, [ANNOTATION]: JSON.stringify(record) };
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}

/** Kubernetes' MicroTime: RFC 3339 with six digits. */
function microTime(clock: Clock): string {
  return clock.date().toISOString().replace('Z', '000Z');
}
