/** One thing taken away from the switch at a time. */
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import type { HttpRoute, KubernetesObject, Lease, Subset } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import { EVERY_POD } from '../../../scripts/switch/adopt/every-pod-known.ts';
import type { Proof, Prover } from '../../../scripts/switch/index.ts';
import type { Mutant } from './mutant.ts';

/** A proof that asks nobody. */
const unasked = (): Promise<Proof> => Promise.resolve({ proxies: 0 });

const without = (claim: keyof Prover) => (real: Prover) => ({ ...real, [claim]: unasked });

/** An adoption that is rolled back forgets who may still send to the copy's pods. */
const withoutEveryPod = (real: Prover): Prover => ({
  ...real,
  endpoints: (claim, deadline) => (claim.version === EVERY_POD ? unasked() : real.endpoints(claim, deadline)),
});

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

/**
 * Whoever has held the Lease once never looks again whether it still
 * does, right before what cannot be taken back.
 */
function withoutFence(real: Cluster): Cluster {
  let last: Lease | undefined;
  return {
    ...real,
    async replace<T extends KubernetesObject>(...[object, options]: Parameters<Cluster['replace']>) {
      const lease = object as Lease;
      // The renewals by the clock come with a deadline; what writes
      // the record, or lets go, changes more than the time.
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

/** Each patch of the spec of these objects is written as `edit` makes it. */
const withPatched =
  (resource: Resource, edit: (spec: Record<string, unknown>) => Record<string, unknown>) =>
  (real: Cluster): Cluster => ({
    ...real,
    async patch(of, name, patch, options) {
      const { spec } = patch as { spec?: Record<string, unknown> };
      const edited = of === resource && spec ? { ...patch, spec: edit(spec) } : patch;
      return real.patch(of, name, edited, options);
    },
  });

/** Subsets come and go as if nothing that was written before could be on its way still. */
const withoutBarrier = withPatched(resources.destinationRules, (spec) => ({
  ...spec,
  subsets: (spec['subsets'] as Subset[]).filter(({ name }) => !name.startsWith('barrier-')),
}));

/** Each run of a switch writes the same names into the routes. */
const withOneName = withPatched(resources.virtualServices, (spec) => ({
  ...spec,
  http: (spec['http'] as HttpRoute[]).map(({ name = '', ...route }) => ({
    ...route,
    name: name.replace(/-r\d+(?=$|-p\d+$)/, ''),
  })),
}));

/** The step comes right before another, too early. */
const early =
  (name: string, before: string): Mutant['arrange'] =>
  (plan) => {
    const [step] = plan.filter((one) => one.name === name);
    if (step === undefined) return [...plan];
    const others = plan.filter((one) => one !== step);
    const index = others.findIndex((one) => one.name === before);
    return [...others.slice(0, index), step, ...others.slice(index)];
  };

export const mutants: Mutant[] = [
  {
    name: 'no proof at all',
    prover: () => ({ endpoints: unasked, routes: unasked, quiet: unasked, gone: unasked }),
  },
  { name: 'no proof that the candidate can be reached (A)', prover: without('endpoints') },
  { name: 'no proof that every proxy has the new route (B)', prover: without('routes') },
  { name: 'no proof that nobody uses the current version (C)', prover: without('quiet') },
  { name: 'no proof that the subset is gone', prover: without('gone') },
  { name: 'no proof that every pod is known before routes lead to all', prover: withoutEveryPod },
  {
    name: 'the route to the plain pods before their subset',
    arrange: early('route-to-plain', 'add-plain-subset'),
  },
  { name: 'no barrier with subsets that come and go', cluster: withoutBarrier, from: 5001 },
  { name: 'no new name of the routes in each run', cluster: withOneName, from: 5001 },
  { name: 'no lock', cluster: withoutLock },
  { name: 'no renewal of the lock before a write', cluster: withoutFence },
  {
    name: 'no look whether an owner stays away',
    arrange: (plan) => plan.filter(({ name }) => name !== 'owner-stays-away'),
  },
  { name: 'the route before the subset', arrange: early('shift-traffic', 'add-subset') },
  { name: 'the traffic before the pods', arrange: early('shift-traffic', 'deploy-version') },
  { name: 'the subset removed before its last request', arrange: early('remove-subset', 'drain-old') },
  { name: 'the current version deleted before its last request', arrange: early('delete-old', 'drain-old') },
  { name: 'the current version deleted before the shift', arrange: early('delete-old', 'shift-traffic') },
];
