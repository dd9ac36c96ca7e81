/**
 * A barrier: a subset that only one revision of the DestinationRule has. Updates of one kind reach a proxy in
 * order. So a proxy that has the barrier's cluster has every earlier revision. The version's own cluster does
 * not show that: a proxy that has not yet received the removal and the re-adding of a subset looks like one
 * that has received both, and loses the cluster for a while later.
 */
import type { DestinationRule, Subset } from '../../../shared/kubernetes.ts';

const BARRIER = /^barrier-[a-z0-9-]+-\d+$/;

/**
 * Identifies the object and the state of its spec. The API server counts generations of a custom resource.
 */
export function revisionOf({ metadata: { uid = '', generation = 0 } }: DestinationRule): string {
  return `${uid}/${generation}`;
}

/** Whether the rule was never changed: then no proxy can receive an older revision. */
export function isFirstRevision({ metadata: { generation } }: DestinationRule): boolean {
  return generation === 1;
}

/** The subsets without the barriers. */
export function versionsIn({ spec: { subsets = [] } }: DestinationRule): Subset[] {
  return subsets.filter((subset) => !isBarrier(subset));
}

export function barrierIn({ spec: { subsets = [] } }: DestinationRule): string | undefined {
  return subsets.findLast(isBarrier)?.name;
}

/**
 * The versions and a barrier. It selects the pods of one of them, so that its cluster becomes active; no
 * route names it. Its name comes from the revision before the write. No other write has the same name,
 * because each write has that revision as its precondition.
 */
export function withBarrier({ metadata }: DestinationRule, versions: Subset[]): Subset[] {
  const { uid = '', generation = 0 } = metadata;
  const [model] = versions;
  return [...versions, { ...model, name: `barrier-${uid.slice(0, 8).toLowerCase()}-${generation}` }];
}

/** Describes a proxy that has an earlier revision. */
export const behind = (barrier: string, port: number): string =>
  `an earlier change of the subsets may still be on its way: ${barrier} is unknown or still warming (port ${port})`;

/** Whether the subset is a barrier: a version's subset has its name as a label's value. */
function isBarrier({ name, labels = {} }: Subset): boolean {
  return BARRIER.test(name) && !Object.values(labels).includes(name);
}
