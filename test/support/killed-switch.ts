/** A switch whose process dies after one of its writes, and the run that comes after it. */
import { expect } from '@jest/globals';
import type { Cluster } from '../../scripts/shared/cluster/cluster.ts';
import { CommandError } from '../../scripts/shared/errors.ts';
import type { Deployment, DestinationRule, Lease } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { ANNOTATION } from '../../scripts/switch/lock/switch-record.ts';
import { readStatus } from '../../scripts/switch/command/status.ts';
import type { CoffeeCluster } from './cluster.ts';

export const settings = { set: { pod: 'naive' }, leaseSeconds: 1, quietMs: 200 };

const writes = ['create', 'replace', 'patch', 'apply', 'delete'] as const;

/**
 * The same cluster through which nothing goes any more after `last`
 * writes have been carried out: the process is dead.
 */
export function dyingAfter(cluster: Cluster, last: number): { cluster: Cluster; written: string[] } {
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

/** Who serves, and what there is of which version. */
export async function standing({ cluster }: CoffeeCluster) {
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

/**
 * Switches there and back, killed after each of these writes, and has the next run resume or undo it: every
 * time one version is left. Ends when a switch has fewer writes than that. Gives where it was killed.
 */
export async function killAfter(
  coffee: CoffeeCluster,
  points: Iterable<number>,
  next: 'resume' | 'undo',
): Promise<string[]> {
  const seen: string[] = [];
  for (const last of points) {
    const [from = ''] = (await standing(coffee)).live;
    const to = from === 'v1' ? 'v2' : 'v1';
    const { cluster, written } = dyingAfter(coffee.cluster, last);
    const killed = await coffee
      .switchTo(to, { ...settings, cluster })
      .catch((error: unknown) => ({ ok: false, error: String(error) }));
    const point = `${last} ${written.at(-1) ?? ''}`;
    if (killed.ok) {
      expect(await standing(coffee)).toEqual(only(to));
      return seen;
    }
    seen.push(point);
    const result = await coffee.switchTo(to, { ...settings, undo: next === 'undo' });
    const after = await standing(coffee);
    const live = after.live[0] ?? '';
    expect({ point, ...after, why: result.error }).toMatchObject({ point, ...only(live) });
    if (next === 'resume') expect({ point, ok: result.ok, live }).toEqual({ point, ok: true, live: to });
    // Past the point of no return an undo finishes instead, and says so.
    else if (live === to) expect(result.ok).toBe(false);
    else expect({ point, ok: result.ok, live }).toEqual({ point, ok: true, live: from });
  }
  return seen;
}
