import { basename } from 'node:path';
import { reasonForAbsence, standardFunctions } from '../functions/index.ts';
import type { NumberStyle } from '../template/format.ts';
import { renderText } from '../template/render.ts';
import type { ValueMap } from '../template/values.ts';
import { loadClusterFile, type ClusterFile, type ResourceSet } from './cluster-file.ts';
import { readTextFile } from './read-file.ts';
import { selectSets, type Selection } from './select.ts';
import { findSetFiles, loadDefaults } from './set-files.ts';

export interface RenderedFile {
  /** Name of the resource set, group/member for members of a group. */
  set: string;
  /** Path of the template. */
  file: string;
  text: string;
}

export interface RenderedSet {
  set: ResourceSet;
  files: RenderedFile[];
}

export interface RenderRun {
  cluster: ClusterFile;
  sets: RenderedSet[];
  /** One line each. */
  warnings: string[];
}

export interface RenderSetsOptions extends Selection {
  /** Values that win over all others; always text. */
  vars?: Readonly<Record<string, string>> | undefined;
  numbers?: NumberStyle | undefined;
}

/** Renders every selected set of a cluster file, or throws: there is no half result. */
export function renderCluster(clusterFile: string, options: RenderSetsOptions = {}): RenderRun {
  const cluster = loadClusterFile(clusterFile);
  const warnings = [...cluster.warnings];
  const selected = selectSets(cluster, options);
  warnings.push(...selected.warnings);
  const sets = selected.sets.map((set) => renderSet(cluster, set, options, warnings));
  return { cluster, sets, warnings };
}

function renderSet(
  cluster: ClusterFile,
  set: ResourceSet,
  options: RenderSetsOptions,
  warnings: string[],
): RenderedSet {
  const found = findSetFiles(set);
  if (found.files.length === 0) {
    warnings.push(`Resource set ${set.name}: no file in ${set.path} ends in yaml, yml or json.`);
  }
  const values: ValueMap = new Map([
    ...loadDefaults(found, warnings),
    ...cluster.imported,
    ...cluster.global,
    ...set.values,
    ...Object.entries(options.vars ?? {}),
  ]);
  const files = found.files.map((file) => ({
    set: set.name,
    file,
    text: renderText(readTextFile(file), values, file, {
      functions: standardFunctions,
      absence: reasonForAbsence,
      numbers: options.numbers,
      explainMissing: (name) =>
        `Set ${set.name} has no value for ${name}: add it to values of ${set.name} or global in ${basename(cluster.path)}, or pass --var ${name}=...`,
    }),
  }));
  return { set, files };
}
