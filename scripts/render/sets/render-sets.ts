import { basename } from 'node:path';
import { localHost, type Host } from '../functions/host.ts';
import { reasonForAbsence, standardFunctions } from '../functions/index.ts';
import { setFunctions } from '../functions/set-functions.ts';
import type { NumberStyle } from '../template/format.ts';
import type { FunctionTable } from '../template/functions.ts';
import { DEFAULT_LIMITS } from '../template/executor.ts';
import { Meter } from '../template/meter.ts';
import { renderText } from '../template/render.ts';
import { copyValue, type Value, type ValueMap } from '../template/values.ts';
import { loadClusterFile, type ClusterFile, type ResourceSet } from './cluster-file.ts';
import { readTextFile } from './read-file.ts';
import { selectSets, type Selection } from './select.ts';
import { findSetFiles, loadDefaults, type SetFiles } from './set-files.ts';

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
  /** The cluster file's text, instead of the file's content. */
  text?: string | undefined;
  /** Values that win over all others; always text. */
  vars?: Readonly<Record<string, string>> | undefined;
  /** `plain` (default) prints whole numbers plainly, `go` prints 1000000 as 1e+06, as kontemplate does. */
  numbers?: NumberStyle | undefined;
  /** The variables for env and expandenv; none by default. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** The machine for gitHEAD, passLookup and lookupIPAddr; this one by default. */
  host?: Host | undefined;
}

/** Renders every selected set of a cluster file, or throws: no partial result. */
export function renderCluster(clusterFile: string, options: RenderSetsOptions = {}): RenderRun {
  const cluster = loadClusterFile(clusterFile, options.text);
  const warnings = [...cluster.warnings];
  const selected = selectSets(cluster, options);
  warnings.push(...selected.warnings);
  const sets = selected.sets.map((set) => renderSet(cluster, set, options, warnings));
  return { cluster, sets, warnings };
}

/** What a set is rendered with, without what a command line adds. */
export function valuesOf(cluster: ClusterFile, set: ResourceSet): ValueMap {
  return valuesWithin(cluster, set, findSetFiles(set), []);
}

/** Later values win: the nearer to the set, the later. */
function valuesWithin(
  { imported, global }: ClusterFile,
  { values }: ResourceSet,
  found: SetFiles,
  warnings: string[],
): ValueMap {
  return new Map([...loadDefaults(found, warnings), ...imported, ...global, ...values]);
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
    ...valuesWithin(cluster, set, found, warnings),
    ...Object.entries(options.vars ?? {}),
  ]);
  const explainMissing = (name: string): string => {
    const file = basename(cluster.path);
    return `Set ${set.name} has no value for it: add ${name} to its values or to global in ${file}, or pass --var ${name}=...`;
  };
  const { numbers, environment } = options;
  // A file shares its meter with what it inserts.
  let meter = new Meter(DEFAULT_LIMITS);
  const render = (file: string, text: string, root: Value): string =>
    renderText(text, root, file, {
      functions,
      meter,
      absence: reasonForAbsence,
      numbers,
      environment,
      explainMissing,
    });
  const functions: FunctionTable = new Map([
    ...standardFunctions,
    ...setFunctions({
      folder: found.folder,
      clusterFolder: cluster.folder,
      host: options.host ?? localHost(() => undefined),
      render,
    }),
  ]);
  const files = found.files.map((file) => {
    const text = readTextFile(file);
    meter = new Meter(DEFAULT_LIMITS);
    // Copy the values: set and merge change them for this file only.
    return { set: set.name, file, text: render(file, text, copyValue(values)) };
  });
  return { set, files };
}
