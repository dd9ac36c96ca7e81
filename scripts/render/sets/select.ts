import { nearest } from '../template/did-you-mean.ts';
import type { ClusterFile, ResourceSet } from './cluster-file.ts';
import { InputError } from './input-error.ts';

export interface Selection {
  include?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
}

/**
 * Selects the sets of a run. A name selects the set or the group of exactly
 * that name (one trailing slash is allowed); exclude wins over include.
 */
export function selectSets(
  cluster: ClusterFile,
  selection: Selection,
): { sets: ResourceSet[]; warnings: string[] } {
  const include = (selection.include ?? []).map(withoutSlash);
  const exclude = (selection.exclude ?? []).map(withoutSlash);
  const left = cluster.sets.filter((set) => !exclude.some((name) => matches(set, name)));
  const sets = include.length === 0 ? left : left.filter((set) => include.some((name) => matches(set, name)));
  const warnings = [...include, ...exclude]
    .filter((name) => !cluster.sets.some((set) => matches(set, name)))
    .map((name) => unmatched(cluster, name));
  if (sets.length === 0) {
    const reason = cluster.sets.length === 0 ? 'it includes no resource set' : 'no resource set is selected';
    throw new InputError([`${cluster.path}: ${reason}.`, ...warnings].join(' '), 1);
  }
  return { sets, warnings };
}

const withoutSlash = (name: string): string => (name.endsWith('/') ? name.slice(0, -1) : name);

const matches = (set: ResourceSet, name: string): boolean => set.name === name || set.group === name;

function unmatched(cluster: ClusterFile, name: string): string {
  const names = [
    ...new Set(cluster.sets.flatMap((set) => (set.group === undefined ? [] : [set.group]).concat(set.name))),
  ];
  const near = nearest(name, names)[0];
  const hint =
    near === undefined ? `Known: ${names.join(', ')}.` : `Did you mean ${near}? Known: ${names.join(', ')}.`;
  return `No resource set is named "${name}". ${hint}`;
}
