/**
 * A version's pods end only when no proxy can send to them: each that
 * knew the subset when it was removed has forgotten it by then.
 */
import type { DestinationRule, KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Write } from '../api/api-server.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Proxy } from '../mesh/proxy.ts';
import type { Account } from '../traffic/account.ts';
import { versionIn } from '../world/manifests.ts';

/** Gives the listener of all writes. */
export function watchReach(account: Account, mesh: Mesh): (write: Write) => void {
  /** By version: the proxies that knew its subset when it was removed, each with its restarts by then. */
  const knew = new Map<string, Map<Proxy, number>>();
  return ({ verb, place, before, after }) => {
    if (place.resource === resources.destinationRules) {
      const left = subsetsOf(after);
      for (const name of left) knew.delete(name);
      for (const name of subsetsOf(before)) {
        if (left.includes(name)) continue;
        const those = [...mesh.proxies.values()].filter(
          ({ isLive, clusters }) => isLive && clusters.has(name),
        );
        knew.set(name, new Map(those.map((proxy) => [proxy, proxy.restarts])));
      }
    }
    if (place.resource !== resources.deployments || verb !== 'delete') return;
    const version = versionIn(before?.metadata.labels);
    for (const [proxy, restarts] of knew.get(version) ?? []) {
      const isSame = proxy.isUp && proxy.restarts === restarts;
      if (isSame && proxy.clusters.has(version))
        account.violate(`${place.name} is deleted while ${proxy.name} still knows it`);
    }
  };
}

function subsetsOf(rule: KubernetesObject | undefined): string[] {
  return ((rule as DestinationRule | undefined)?.spec.subsets ?? []).map(({ name }) => name);
}
