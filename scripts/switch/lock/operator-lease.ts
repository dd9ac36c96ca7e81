/** One operator at a time: whoever runs renews the Lease; a run that was killed leaves it to expire. */
import { hostname } from 'node:os';
import { systemClock, withTimeout } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isAmbiguous, isConflict } from '../../shared/cluster/errors.ts';
import { formatDuration } from '../../shared/duration.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { userName } from '../../shared/user.ts';
import { pause } from '../../shared/wait.ts';
import { createId } from './create-id.ts';
import { ANNOTATION, leaseName } from './switch-record.ts';
import type { SwitchRecord } from './switch-record.ts';

/** How often a holder renews while the Lease lasts once: some renewals may fail, and it has stopped before anybody else may take over. */
const RENEWALS = 5;
/** How often a run that waits for its turn says so, in milliseconds. */
const SAY_EVERY_MS = 5000;

export interface OperatorLease {
  /** Writes the record; fails when somebody else holds the Lease by now. */
  write(record: SwitchRecord): Promise<void>;
  /** Writes the Lease now; fails when somebody else holds it by now. */
  renew(): Promise<void>;
  /** The last record and the end of the lease in one write: killed here, a run leaves either all of it or nothing. */
  finish(record: SwitchRecord): Promise<void>;
  /** Aborted when the Lease could not be renewed in time: whatever goes on then is not ours alone any more. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Who runs the switch, for people; no two runs are named alike. */
function operatorIdentity(id: string): string {
  return `${userName()}@${hostname()}-${process.pid}-${id}`;
}

/**
 * Takes the Lease. When another holds it: waits to see it renewed (then that one is alive, and this one stops) or run out (then it was killed).
 * Watching the value change instead of reading its time makes the clocks of the machines irrelevant, as client-go's leader election does.
 */
export async function takeLease(
  cluster: Cluster,
  app: string,
  {
    leaseSeconds = 15,
    signal,
    onWait,
    clock = systemClock,
    identity = operatorIdentity(createId()),
  }: {
    leaseSeconds?: number | undefined;
    signal: AbortSignal;
    onWait?: (text: string) => void;
    clock?: Clock;
    /** Of this run alone. */
    identity?: string | undefined;
  },
): Promise<OperatorLease> {
  const name = leaseName(app);
  let lease: Lease | undefined;
  let saidAt = -Infinity;
  let observed: { holder: string; renewed: string; at: number } | undefined;
  let failingSince: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const found = await cluster.get<Lease>(resources.leases, name, { signal });
    const holder = found?.spec.holderIdentity ?? '';
    if (holder !== '' && holder !== identity) {
      const renewed = found?.spec.renewTime ?? '';
      const duration = (found?.spec.leaseDurationSeconds ?? leaseSeconds) * 1000;
      if (observed?.holder !== holder) observed = { holder, renewed, at: clock.now() };
      if (observed.renewed !== renewed) {
        throw new CommandError(`${holder} is switching ${app} right now; nothing was changed`);
      }
      const left = duration - (clock.now() - observed.at);
      if (left > 0) {
        if (clock.now() - saidAt >= SAY_EVERY_MS) {
          saidAt = clock.now();
          const since = renewed === '' ? '' : `, renewed at ${renewed}`;
          onWait?.(
            `${holder} holds the Lease ${name}${since}: waiting ${formatDuration(left)} more to see whether it is still at work`,
          );
        }
        await pause(Math.min(500, left), signal, clock);
        continue;
      }
    }
    if (holder !== '' && holder !== identity) onWait?.(`${holder} is gone: taking its Lease over`);
    try {
      lease = found === undefined ? await create() : await cluster.replace<Lease>(held(found), { signal });
      break;
    } catch (error) {
      // Somebody was faster, or an answer was lost: look again. Not for ever: a Lease may be there and yet not to be seen.
      failingSince ??= clock.now();
      const isOver = clock.now() - failingSince > leaseSeconds * 1000;
      if (isOver || !(isConflict(error) || isAmbiguous(error))) throw error;
      await pause(100, signal, clock);
    }
  }

  function create(): Promise<Lease> {
    return cluster.create<Lease>(
      held({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: cluster.namespace },
        spec: {},
      }),
      { signal },
    );
  }

  function held(from: Lease): Lease {
    const now = microTime(clock);
    const other = from.spec.holderIdentity !== identity;
    return {
      ...from,
      spec: {
        ...from.spec,
        holderIdentity: identity,
        leaseDurationSeconds: leaseSeconds,
        renewTime: now,
        ...(other ? { acquireTime: now, leaseTransitions: (from.spec.leaseTransitions ?? 0) + 1 } : {}),
      },
    };
  }

  const lost = new AbortController();
  /** Looks at the Lease since it was last written. A process that stood still has missed one, however long: its next write tells. */
  let missed = 0;
  let renewal: Promise<unknown> | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  /** One write after another, each on what the last one gave. */
  const change = (
    edit: (lease: Lease) => Lease,
    /** Whether a write whose answer was lost has been carried out after all. */
    isDone: (found: Lease) => boolean = () => false,
    /** Of one request, in milliseconds. */
    timeoutMs?: number,
  ): Promise<void> => {
    const bounded = <T>(ask: (options: { signal?: AbortSignal }) => Promise<T>): Promise<T> =>
      timeoutMs === undefined ? ask({}) : withTimeout(clock, timeoutMs, (late) => ask({ signal: late }));
    const next = writing.then(async () => {
      for (let attempt = 0; ; attempt += 1) {
        lost.signal.throwIfAborted();
        try {
          lease = await bounded((options) => cluster.replace<Lease>(edit(lease as Lease), options));
          missed = 0;
          return;
        } catch (error) {
          if (attempt >= 20 || !(isConflict(error) || isAmbiguous(error))) throw error;
          const found = await bounded((options) => cluster.get<Lease>(resources.leases, name, options));
          if (found !== undefined && isDone(found)) return;
          if (found?.spec.holderIdentity !== identity) {
            const reason = new CommandError(
              `${found?.spec.holderIdentity ?? 'nobody'} holds the Lease ${name} now; this run stops.`,
            );
            lost.abort(reason);
            throw reason;
          }
          lease = found;
          await pause(100, undefined, clock);
        }
      }
    });
    writing = next.catch(() => undefined);
    return next;
  };

  const everyMs = (leaseSeconds * 1000) / RENEWALS;
  // One that hangs must not keep the next from being tried in time.
  const renew = () => change(held, undefined, 2 * everyMs);
  let cancel = (): void => undefined;
  const everySoOften = () => {
    cancel = clock.after(everyMs, everySoOften);
    missed += 1;
    // One renewal's time before anybody else may take over.
    if (missed >= RENEWALS - 1)
      lost.abort(new CommandError(`The Lease ${name} could not be renewed; this run stops.`));
    else
      renewal ??= renew()
        .catch(() => undefined)
        .finally(() => (renewal = undefined));
  };
  cancel = clock.after(everyMs, everySoOften);

  const annotated = (current: Lease, record: SwitchRecord): Lease => {
    const annotations = { ...current.metadata.annotations, [ANNOTATION]: JSON.stringify(record) };
    return { ...current, metadata: { ...current.metadata, annotations } };
  };
  const free = (current: Lease): Lease => ({
    ...current,
    spec: { ...current.spec, holderIdentity: '', renewTime: microTime(clock) },
  });
  let released = false;

  return {
    lost: lost.signal,
    renew: () => change(held),
    write: (record) => change((current) => annotated(held(current), record)),
    async finish(record) {
      cancel();
      const text = JSON.stringify(record);
      await change(
        (current) => annotated(free(current), record),
        ({ metadata }) => metadata.annotations?.[ANNOTATION] === text,
      );
      released = true;
    },
    async release() {
      cancel();
      if (released || lost.signal.aborted) return;
      await change(free).catch(() => undefined);
    },
  };
}

/** Kubernetes' MicroTime: RFC 3339 with six digits. */
function microTime(clock: Clock): string {
  return clock.date().toISOString().replace('Z', '000Z');
}
