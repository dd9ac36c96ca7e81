/** The DestinationRule as a value: with one more version, or one less. */
import type { DestinationRule, Subset } from '../../../shared/kubernetes.ts';
import { versionsIn } from './barrier.ts';
import { DEFAULT_LABEL, versionLabelOf } from './version-label.ts';

export function findSubset(rule: DestinationRule, name: string): Subset | undefined {
  return rule.spec.subsets?.find((subset) => subset.name === name);
}

/** The subset as it stands, or as it would be: by the label that the others select by. */
export function subsetOf(rule: DestinationRule, name: string): Subset {
  return findSubset(rule, name) ?? { name, labels: { [versionLabelOf(rule)]: name } };
}

/** The new version's subset: the old one's, policies included, with the old version's name replaced in it. */
export function subsetLike(old: Subset, from: string, to: string): Subset {
  const labels = Object.entries(old.labels ?? { [DEFAULT_LABEL]: from }).map(([key, value]) => [
    key,
    value === from ? to : value,
  ]);
  return { ...old, name: to, labels: Object.fromEntries(labels) as Record<string, string> };
}

/** The versions, and no barrier. */
export function withSubset(rule: DestinationRule, subset: Subset): Subset[] {
  const versions = versionsIn(rule);
  return findSubset(rule, subset.name) ? versions : [...versions, subset];
}

export function withoutSubset(rule: DestinationRule, name: string): Subset[] {
  return versionsIn(rule).filter((subset) => subset.name !== name);
}
