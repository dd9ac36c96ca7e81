/** A version's pods end only when no proxy can send to them: its subset was removed before, and has gone from every proxy that served by then. */
import type { DestinationRule, KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Write } from '../api/api-server.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Account } from '../traffic/account.ts';

/** Gives the listener of all writes. */
export function watchReach({
  account,
  mesh,
  now,
}: {
  account: Account;
  mesh: Mesh;
  now: () => number;
}): (write: Write) => void {
  const removedAt = new Map<string, number>();
  return ({ verb, place, before, after }) => {
    if (place.resource === resources.destinationRules) {
      const left = subsetsOf(after);
      for (const name of subsetsOf(before)) if (!left.includes(name)) removedAt.set(name, now());
      for (const name of left) removedAt.delete(name);
    }
    if (place.resource !== resources.deployments || verb !== 'delete') return;
    const version = before?.metadata.labels?.['version'] ?? '';
    const since = removedAt.get(version) ?? -Infinity;
    const knows = [...mesh.proxies.values()].find(
      ({ isLive, liveSince, clusters }) => isLive && liveSince < since && clusters.has(version),
    );
    if (knows) account.violate(`${place.name} is deleted while ${knows.name} still knows it`);
  };
}

function subsetsOf(rule: KubernetesObject | undefined): string[] {
  return ((rule as DestinationRule | undefined)?.spec.subsets ?? []).map(({ name }) => name);
}
