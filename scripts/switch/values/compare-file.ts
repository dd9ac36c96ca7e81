/**
 * Compares a cluster file with the cluster: the changes after which its rendering equals the cluster's state.
 */
import path from 'node:path';
import { InputError, readTextFile } from '../../render/index.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { UsageError } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { unifiedDiff } from '../../shared/unified-diff.ts';
import type { Autoscaler } from '../changes/autoscaler.ts';
import { targets } from '../changes/autoscaler.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion } from '../cluster-state/versions.ts';
import { seenAs } from '../routing/traffic-routing.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';
import type { ValueChange, ValuesReport } from '../types.ts';
import type { Source } from './app-sets.ts';
import { differencesOf } from './differences.ts';
import { lookingValues, renderOwn, servingValues } from './end-state.ts';
import { withValues } from './with-values.ts';

export interface Compared {
  report: ValuesReport;
  /** The file's content with these changes. */
  text: string;
}

/** @throws UsageError where the file cannot be read */
export function readSource(file: string): Source {
  try {
    return { file, text: readTextFile(file) };
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Reads the cluster; writes neither the file nor the cluster.
 * @param vars values of the command line, for the rendering
 * @throws UsageError where the file is not of this app; CommandError where no version serves alone
 */
export async function compareFile(
  { cluster, app }: { cluster: Cluster; app: string },
  { file, state, vars }: { file: string; state: State; vars: Readonly<Record<string, string>> },
): Promise<Compared> {
  const source = readSource(file);
  const autoscalers = await cluster.list<Autoscaler>(resources.horizontalPodAutoscalers);
  const running = findVersion(state.deployments, state.live[0]?.subset ?? '');
  const isScaled = running !== undefined && autoscalers.some((one) => targets(one, running.metadata.name));
  const serving = withValues(source, app, servingValues(state));
  const first = await renderOwn(serving.source, app, vars);
  const looking = withValues(serving.source, app, lookingValues(first.rendered, { state, isScaled }));
  const { rendered, unrendered } = await renderOwn(looking.source, app, vars);
  const seen: SeenObject[] = [
    ...state.lastSeen.objects,
    ...state.deployments.map(({ deployment }) => seenAs(resources.deployments, deployment)),
    ...autoscalers.map((one) => seenAs(resources.horizontalPodAutoscalers, one)),
  ];
  const objects = rendered.flatMap((one) => one.objects);
  const { text } = looking.source;
  const report = {
    file,
    changes: inOrder([...serving.changes, ...looking.changes]),
    patch: unifiedDiff(nameOf(file), source.text, text),
    differs: [...(await differencesOf(cluster, seen, objects)), ...unrendered],
  };
  return { report, text };
}

/** The order in which the changes are listed. */
const ORDER = ['version', 'image', 'replicas', 'subsets', 'live', 'marker'];

const inOrder = (changes: ValueChange[]): ValueChange[] =>
  changes.sort((one, other) => ORDER.indexOf(one.key) - ORDER.indexOf(other.key));

/**
 * The path relative to the working directory, where a patch is applied; the bare name for a file outside of
 * it.
 */
function nameOf(file: string): string {
  const relative = path.relative('', file).split(path.sep).join('/');
  return relative.startsWith('../') || path.isAbsolute(relative) ? path.basename(file) : relative;
}
