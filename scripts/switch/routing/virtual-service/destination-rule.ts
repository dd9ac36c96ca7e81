/** The subsets of a DestinationRule with one version added or removed. */
import type { DestinationRule, Subset } from '../../../shared/kubernetes.ts';
import { versionsIn } from './barrier.ts';
import { DEFAULT_LABEL, versionLabelOf } from './version-label.ts';

export function findSubset(rule: DestinationRule, name: string): Subset | undefined {
  return rule.spec.subsets?.find((subset) => subset.name === name);
}

/** The existing subset, or the one to add, which selects by the others' label. */
export function subsetOf(rule: DestinationRule, name: string): Subset {
  return findSubset(rule, name) ?? { name, labels: { [versionLabelOf(rule)]: name } };
}

/**
 * The candidate's subset: a copy of the current version's, policies included, with the version's name
 * replaced.
 */
export function subsetLike(old: Subset, from: string, to: string): Subset {
  const labels = Object.entries(old.labels ?? { [DEFAULT_LABEL]: from }).map(([key, value]) => [
    key,
    value === from ? to : value,
  ]);
  return { ...old, name: to, labels: Object.fromEntries(labels) as Record<string, string> };
}

/** The versions with this subset, without barriers. */
export function withSubset(rule: DestinationRule, subset: Subset): Subset[] {
  const versions = versionsIn(rule);
  return findSubset(rule, subset.name) ? versions : [...versions, subset];
}

export function withoutSubset(rule: DestinationRule, name: string): Subset[] {
  return versionsIn(rule).filter((subset) => subset.name !== name);
}
