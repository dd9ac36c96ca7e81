/**
 * A subset that only one revision of the DestinationRule has. Updates of one kind reach a proxy in order:
 * where its cluster is, nothing that was written before is still on its way. Needed where a cluster alone
 * says too little: a proxy that has not heard yet that a subset was removed and added again shows it just as
 * one that has heard of both does, and loses it for a while later.
 */
import type { DestinationRule, Subset } from '../../../shared/kubernetes.ts';

const BARRIER = /^barrier-[a-z0-9-]+-\d+$/;

/** Which object, and which state of its spec. The API server counts the generations of a custom resource. */
export function revisionOf({ metadata: { uid = '', generation = 0 } }: DestinationRule): string {
  return `${uid}/${generation}`;
}

/** Nothing of it was ever changed: so nothing older is on its way. */
export function isFirstRevision({ metadata: { generation } }: DestinationRule): boolean {
  return generation === 1;
}

/** The subsets that are versions. */
export function versionsIn({ spec: { subsets = [] } }: DestinationRule): Subset[] {
  return subsets.filter((subset) => !isBarrier(subset));
}

export function barrierIn({ spec: { subsets = [] } }: DestinationRule): string | undefined {
  return subsets.findLast(isBarrier)?.name;
}

/**
 * The versions, and a barrier beside them: with the pods of one of them, so that its cluster does not stay
 * warming; no route names it. Its name is that of the revision it is written on, which is written on once:
 * each write has a precondition on it.
 */
export function withBarrier({ metadata }: DestinationRule, versions: Subset[]): Subset[] {
  const { uid = '', generation = 0 } = metadata;
  const [model] = versions;
  return [...versions, { ...model, name: `barrier-${uid.slice(0, 8).toLowerCase()}-${generation}` }];
}

/** What a proxy shows that has an earlier revision. */
export const behind = (barrier: string, port: number): string =>
  `an earlier change of the subsets may still be on its way: ${barrier} is unknown or still warming (port ${port})`;

/** A version's own label has its name as value. */
function isBarrier({ name, labels = {} }: Subset): boolean {
  return BARRIER.test(name) && !Object.values(labels).includes(name);
}
