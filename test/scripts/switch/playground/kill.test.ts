import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { CommandError } from '../../../../scripts/shared/errors.ts';
import type { Deployment, DestinationRule, Lease } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { ANNOTATION } from '../../../../scripts/switch/lock/switch-record.ts';
import { readStatus } from '../../../../scripts/switch/command/status.ts';
import { startCoffeeCluster, type CoffeeCluster } from '../../../support/cluster.ts';

const settings = { set: { pod: 'naive' }, leaseSeconds: 1, quietMs: 200 };
let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startCoffeeCluster({ empty: true });
  await coffee.apply('istio/cluster.yaml', ['base', 'version', 'subsets', 'route'], settings.set);
  await coffee.untilServed();
}, 60_000);
afterAll(() => coffee.close());

const writes = ['create', 'replace', 'patch', 'apply', 'delete'] as const;

/** The same cluster through which nothing goes any more after `last` writes have been carried out: the process is dead. */
function dyingAfter(cluster: Cluster, last: number): { cluster: Cluster; written: string[] } {
  const written: string[] = [];
  const isRenewal = createRenewalCheck();
  let dead = false;
  const call = (name: keyof Cluster) =>
    (async (...args: unknown[]) => {
      if (dead) throw new CommandError('killed');
      const counted =
        (writes as readonly string[]).includes(name) && !isReview(args[0]) && !isRenewal(args[0]);
      const result = await (cluster[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      if (counted) {
        written.push(name);
        if (written.length >= last) dead = true;
      }
      if (dead) throw new CommandError('killed');
      return result;
    }) as never;
  return {
    written,
    cluster: {
      ...cluster,
      get: call('get'),
      list: call('list'),
      create: call('create'),
      replace: call('replace'),
      patch: call('patch'),
      apply: call('apply'),
      delete: call('delete'),
    },
  };
}
/** A renewal of the Lease comes at any time; what counts is what it remembers. */
function createRenewalCheck(): (object: unknown) => boolean {
  let remembered: string | undefined;
  return (object) => {
    const { kind, metadata } = (object ?? {}) as Partial<Lease>;
    if (kind !== 'Lease' || metadata?.resourceVersion === undefined) return false;
    const record = metadata.annotations?.[ANNOTATION];
    const same = record === remembered;
    remembered = record;
    return same;
  };
}
const isReview = (object: unknown) =>
  (object as { kind?: string } | undefined)?.kind === 'SelfSubjectAccessReview';

async function standing() {
  const { cluster } = coffee;
  const { live, unfinished } = await readStatus(cluster, 'coffee-shop');
  const rule = await cluster.get<DestinationRule>(resources.destinationRules, 'coffee-shop');
  const deployments = await cluster.list<Deployment>(resources.deployments);
  return {
    live: live.map(({ version }) => version),
    unfinished,
    subsets: rule?.spec.subsets?.map(({ name }) => name),
    deployments: deployments
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith('coffee-shop-')),
  };
}
const only = (version: string) => ({
  live: [version],
  unfinished: false,
  subsets: [version],
  deployments: [`coffee-shop-${version}`],
});

// Taking turns: each write is followed by one of the two. test/matrix/switch/kill.test.ts kills after reads and proofs too.
const turns = [
  { next: 'resume', first: 1 },
  { next: 'undo', first: 2 },
] as const;

describe.each(turns)('a switch killed after every second of its writes, then $next', ({ next, first }) => {
  it('ends with one version and nothing left over, and loses nothing', async () => {
    const seen: string[] = [];
    const account = await coffee.underLoad(
      async () => {
        for (let last = first; last < 30; last += 2) {
          const [from = ''] = (await standing()).live;
          const to = from === 'v1' ? 'v2' : 'v1';
          const { cluster, written } = dyingAfter(coffee.cluster, last);
          const killed = await coffee
            .switchTo(to, { ...settings, cluster })
            .catch((error: unknown) => ({ ok: false, error: String(error) }));
          const point = `${last} ${written.at(-1) ?? ''}`;
          if (killed.ok) {
            expect(await standing()).toEqual(only(to));
            return;
          }
          seen.push(point);
          const result = await coffee.switchTo(to, { ...settings, undo: next === 'undo' });
          const after = await standing();
          const live = after.live[0] ?? '';
          expect({ point, ...after }).toEqual({ point, ...only(live) });
          if (next === 'resume')
            expect({ point, ok: result.ok, live }).toEqual({ point, ok: true, live: to });
          // Past the point of no return an undo finishes instead, and says so.
          else if (live === to) expect(result.ok).toBe(false);
          else expect({ point, ok: result.ok, live }).toEqual({ point, ok: true, live: from });
        }
      },
      { qps: 50, connections: 10 },
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(seen.length).toBeGreaterThanOrEqual(4);
  }, 180_000);
});

describe('dry-run and status', () => {
  it('a dry run and status print the plan and the standing and write nothing', async () => {
    const versions = async () => {
      const objects = await Promise.all(
        Object.values(resources)
          .filter(({ plural }) =>
            ['virtualservices', 'destinationrules', 'deployments', 'leases'].includes(plural),
          )
          .map((resource) => coffee.cluster.list(resource)),
      );
      return objects.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`);
    };
    const before = await versions();
    const [live = ''] = (await standing()).live;
    const result = await coffee.switchTo('v9', { ...settings, dryRun: true });
    expect(result).toMatchObject({ ok: true, outcome: 'planned', live });
    const plan = Object.fromEntries(
      (result.plan ?? []).map(({ name, changes }) => [name, changes.join('\n')]),
    );
    expect(plan['deploy-version']).toContain('+   name: coffee-shop-v9');
    expect(plan['add-subset']).toContain('+ - name: v9');
    expect(plan['shift-traffic']).toMatch(new RegExp(`-\\s+subset: ${live}\\n\\+\\s+subset: v9`));
    expect(plan['delete-old']).toBe(`- Deployment coffee-shop-${live} (2 pods)`);
    expect(await versions()).toEqual(before);
  });
});
