/** One thing taken away from the switch at a time. */
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject, Lease } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Proof, Prover } from '../../../scripts/switch/index.ts';
import type { Mutant } from './mutant.ts';

/** A proof that asks nobody. */
const unasked = (): Promise<Proof> => Promise.resolve({ proxies: 0 });

const without = (claim: keyof Prover) => (real: Prover) => ({ ...real, [claim]: unasked });

/** Everybody takes the Lease, and nobody sees that it is held. */
function withoutLock(real: Cluster): Cluster {
  return {
    ...real,
    async get<T extends KubernetesObject>(...[resource, name, options]: Parameters<Cluster['get']>) {
      const found = await real.get<T>(resource, name, options);
      if (resource !== resources.leases || found === undefined) return found;
      return { ...found, spec: { ...(found['spec'] as object), holderIdentity: '' } };
    },
    async replace<T extends KubernetesObject>(...[object, options]: Parameters<Cluster['replace']>) {
      if (object.kind !== 'Lease') return real.replace<T>(object as T, options);
      const metadata = { ...object.metadata };
      delete metadata.resourceVersion;
      return real.replace<T>({ ...object, metadata } as T, options);
    },
  };
}

/** Whoever has held the Lease once never looks again whether it still does, right before what cannot be taken back. */
function withoutFence(real: Cluster): Cluster {
  let last: Lease | undefined;
  return {
    ...real,
    async replace<T extends KubernetesObject>(...[object, options]: Parameters<Cluster['replace']>) {
      const lease = object as Lease;
      // The renewals by the clock come with a deadline; what writes the record, or lets go, changes more than the time.
      const isFence =
        object.kind === 'Lease' &&
        options?.signal === undefined &&
        last !== undefined &&
        lease.spec.holderIdentity === last.spec.holderIdentity &&
        JSON.stringify(lease.metadata.annotations) === JSON.stringify(last.metadata.annotations);
      if (isFence) return object as T;
      const written = await real.replace<T>(object as T, options);
      if (object.kind === 'Lease') last = written as unknown as Lease;
      return written;
    },
  };
}

export const mutants: Mutant[] = [
  { name: 'no proof that the candidate can be reached (A)', prover: without('endpoints') },
  { name: 'no proof that every proxy has the new route (B)', prover: without('routes') },
  { name: 'no proof that nobody uses the current version (C)', prover: without('quiet') },
  { name: 'no proof that the subset is gone', prover: without('gone') },
  { name: 'no lock', cluster: withoutLock },
  { name: 'no fence before what cannot be taken back', cluster: withoutFence },
];
