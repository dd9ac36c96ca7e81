/**
 * The label by which the subsets select versions. The templates have `version`; many teams use the
 * recommended `app.kubernetes.io/version` instead.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
import type { DestinationRule, Subset } from '../../../shared/kubernetes.ts';

/** The label of the templates, for a DestinationRule without subsets. */
export const DEFAULT_LABEL = 'version';

/** The label whose value is the subset's name; `version` when there are several. */
function labelOf({ name, labels = {} }: Subset): string | undefined {
  const keys = Object.keys(labels).filter((key) => labels[key] === name);
  return keys.includes(DEFAULT_LABEL) ? DEFAULT_LABEL : keys[0];
}

/** @param version the version whose label is returned, where the subsets select by different labels */
export function versionLabelOf({ spec: { subsets = [] } }: DestinationRule, version?: string): string {
  const own = subsets.find(({ name }) => name === version);
  return [...(own ? [own] : []), ...subsets].map(labelOf).find((key) => key !== undefined) ?? DEFAULT_LABEL;
}

/** The version of pods with these labels; undefined when they have none. */
export function versionOf(
  labels: Readonly<Record<string, string>>,
  { spec: { subsets = [] } }: DestinationRule,
): string | undefined {
  const keys = [...subsets.map(labelOf).filter((key) => key !== undefined), DEFAULT_LABEL];
  const known = subsets.find((subset) => labels[labelOf(subset) ?? ''] === subset.name);
  return known?.name ?? keys.map((key) => labels[key]).find((value) => value !== undefined);
}
