import { describe, expect, it } from '@jest/globals';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Lease } from '../../../../scripts/shared/kubernetes.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { takeLease } from '../../../../scripts/switch/lock/take-lease.ts';
import { ANNOTATION, readRecord } from '../../../../scripts/switch/lock/switch-record.ts';
import type { SwitchRecord } from '../../../../scripts/switch/lock/switch-record.ts';

/** One Lease as an API server keeps it: a write on an old revision is refused. */
function keep(first?: Lease['spec'], annotations?: Record<string, string>) {
  let revision = 1;
  let lease: Lease | undefined = first && {
    metadata: {
      name: 'switch-coffee-shop',
      namespace: 'shop',
      resourceVersion: '1',
      ...(annotations ? { annotations } : {}),
    },
    spec: first,
  };
  const store = (wanted: Lease) => {
    revision += 1;
    lease = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: String(revision) } };
    return Promise.resolve(lease);
  };
  const conflict = () => Promise.reject(new ClusterError('409', { status: 409, reason: 'Conflict' }));
  const cluster = {
    namespace: 'shop',
    get: () => Promise.resolve(lease),
    create: (wanted: Lease) => (lease === undefined ? store(wanted) : conflict()),
    replace: (wanted: Lease) =>
      wanted.metadata.resourceVersion === lease?.metadata.resourceVersion ? store(wanted) : conflict(),
  } as unknown as Cluster;
  return { cluster, now: () => lease };
}
const killed = {
  holderIdentity: 'ci@runner-1',
  leaseDurationSeconds: 1,
  renewTime: '2026-01-01T10:00:00.000000Z',
};
const { signal } = new AbortController();
const record: SwitchRecord = {
  id: '0123abcd',
  from: 'v1',
  to: 'v2',
  phase: 'running',
  startedAt: '2026-01-01T10:00:00Z',
};

describe('the Lease of a run that was killed before it wrote what it does', () => {
  it.each([
    ['at its very first switch', undefined],
    [
      'after an earlier one that was finished',
      { [ANNOTATION]: JSON.stringify({ ...record, phase: 'switched' }) },
    ],
  ])(
    'the Lease of a killed run is taken over when it has run out, %s, and the wait is said once with holder and time',
    async (_when, annotations) => {
      const kept = keep(killed, annotations);
      const said: string[] = [];
      const hold = await takeLease(kept.cluster, 'coffee-shop', {
        signal,
        onWait: (text) => said.push(text),
      });
      expect(said[0]).toMatch(
        /^ci@runner-1 holds the Lease switch-coffee-shop, renewed at 2026-01-01T10:00:00.000000Z: waiting (1 s|\d+ ms) more to see whether it is still at work$/,
      );
      expect(said.slice(1)).toEqual(['ci@runner-1 is gone: taking its Lease over']);
      expect(kept.now()?.spec.holderIdentity).not.toBe('ci@runner-1');
      expect(kept.now()?.spec.leaseTransitions).toBe(1);
      await hold.write(record);
      expect(readRecord(kept.now())).toEqual(record);
      await hold.release();
      expect(kept.now()?.spec.holderIdentity).toBe('');
    },
  );

  it('the Lease of another run is left alone when its holder shows itself, who is named', async () => {
    const kept = keep({ ...killed, leaseDurationSeconds: 30 });
    const taking = takeLease(kept.cluster, 'coffee-shop', {
      signal,
      onWait: () => {
        const lease = kept.now();
        if (lease) lease.spec.renewTime = '2026-01-01T10:00:05.000000Z';
      },
    });
    await expect(taking).rejects.toThrow(
      'ci@runner-1 is switching coffee-shop right now; nothing was changed',
    );
    expect(kept.now()?.spec.holderIdentity).toBe('ci@runner-1');
  });

  it('a Lease that was given back is not waited for', async () => {
    const kept = keep({ ...killed, holderIdentity: '' });
    const said: string[] = [];
    const hold = await takeLease(kept.cluster, 'coffee-shop', { signal, onWait: (text) => said.push(text) });
    expect(said).toEqual([]);
    await hold.release();
  });
});

describe('a Lease that is held', () => {
  it('a Lease is lost as soon as nobody answers for its duration, although the call still waits', async () => {
    let renewals = 0;
    let fail: (error: Error) => void = () => undefined;
    const cluster = {
      ...keep().cluster,
      replace: () => {
        renewals += 1;
        return new Promise<Lease>((_resolve, reject) => (fail = reject));
      },
    } as unknown as Cluster;
    const hold = await takeLease(cluster, 'coffee-shop', { signal, leaseSeconds: 1 });
    await waitFor(() => hold.lost.aborted, { deadlineMs: 10_000, what: 'the end of the hold' });
    expect(hold.lost.reason).toMatchObject({
      message: 'The Lease switch-coffee-shop could not be renewed; this run stops.',
    });
    // One call at a time: what does not answer is not asked more. And what is lost is not written to.
    expect(renewals).toBe(1);
    fail(new ClusterError('no answer in time', { status: 0, reason: 'Timeout' }));
    await expect(hold.write(record)).rejects.toThrow('could not be renewed');
    expect(renewals).toBe(1);
    await hold.release();
  });

  it('a Lease is kept as long as its renewals are answered, and after some that were not', async () => {
    let turn = 0;
    const kept = keep();
    const replace = kept.cluster.replace.bind(kept.cluster);
    const cluster = {
      ...kept.cluster,
      replace: (lease: Lease) => {
        turn += 1;
        return turn % 2 === 0 ? replace(lease) : Promise.reject(new Error('once'));
      },
    } as Cluster;
    const hold = await takeLease(cluster, 'coffee-shop', { signal, leaseSeconds: 1 });
    await waitFor(() => turn >= 12, { deadlineMs: 20_000, what: 'twelve renewals' });
    expect(hold.lost.aborted).toBe(false);
    await hold.release();
  });

  it('a Lease is lost when a renewal right before something is taken away meets another holder', async () => {
    const kept = keep();
    const hold = await takeLease(kept.cluster, 'coffee-shop', { signal, leaseSeconds: 60 });
    await hold.renew();
    expect(hold.lost.aborted).toBe(false);
    const lease = kept.now();
    if (lease === undefined) throw new Error('no Lease');
    await kept.cluster.replace({ ...lease, spec: { ...lease.spec, holderIdentity: 'ci@elsewhere' } });
    await expect(hold.renew()).rejects.toThrow(
      'ci@elsewhere holds the Lease switch-coffee-shop now; this run stops.',
    );
    expect(hold.lost.aborted).toBe(true);
    expect(kept.now()?.spec.holderIdentity).toBe('ci@elsewhere');
    await hold.release();
  });

  it.each([
    ['although its process stood still', 'now'],
    ['although its whole machine slept', 'date'],
  ] as const)(
    'a Lease is renewed once more when the answer was read after it may have run out, %s',
    async (_how, which) => {
      const kept = keep();
      const time = { now: 0, date: Date.UTC(2026, 0, 1) };
      const clock = { now: () => time.now, date: () => new Date(time.date), after: () => () => undefined };
      let renewals = 0;
      const slow = {
        ...kept.cluster,
        async replace(wanted: Lease) {
          const written = await kept.cluster.replace<Lease>(wanted);
          renewals += 1;
          if (renewals === 1) time[which] += 60_000;
          return written;
        },
      } as unknown as Cluster;
      const hold = await takeLease(slow, 'coffee-shop', { signal, clock, leaseSeconds: 15 });
      await hold.renew();
      expect(renewals).toBe(2);
      await hold.release();
    },
  );

  it('a Lease that is there and cannot be seen is given up, with what the server said', async () => {
    const { cluster } = keep(killed);
    const blind = { ...cluster, get: () => Promise.resolve(undefined) } as unknown as Cluster;
    await expect(takeLease(blind, 'coffee-shop', { signal, leaseSeconds: 1 })).rejects.toMatchObject({
      status: 409,
    });
  });
});
