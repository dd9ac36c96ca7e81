/** `status --values FILE`: whether the file that will be applied next agrees with the cluster. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { printable } from '../../shared/printable.ts';
import { asFlags } from '../../shared/shell.ts';
import { readState } from '../cluster-state/read-state.ts';
import { plainSwitchCommand } from '../next-command.ts';
import type { SwitchOptions, ValuesReport } from '../types.ts';
import { compareFile } from '../values/compare-file.ts';
import { describeDifference } from '../values/describe-values.ts';

export interface Comparison extends ValuesReport {
  agrees: boolean;
  /** The version that serves. */
  live: string;
}

/** @throws UsageError for a file of another app; CommandError where no version serves alone */
export async function compareWithFile(
  cluster: Cluster,
  { app, set: vars = {}, compared: file }: Pick<SwitchOptions, 'app' | 'set'> & { compared: string },
): Promise<Comparison> {
  const state = await readState(cluster, app);
  const { report } = await compareFile({ cluster, app }, { file, state, vars });
  const agrees = report.changes.length === 0 && report.differs.length === 0;
  return { ...report, agrees, live: state.live[0]?.subset ?? '' };
}

/** @param options the flags that the suggested command repeats */
export function describeComparison(
  comparison: Comparison,
  options: Pick<SwitchOptions, 'app' | 'called' | 'sameCluster'>,
): string[] {
  const { file, agrees, live, changes } = comparison;
  if (agrees) return [printable(`${file} and the cluster agree.`)];
  const lines = describeDifference(comparison);
  const write = `${plainSwitchCommand(options, live)}${asFlags({ 'write-values': file })}`;
  return [...lines, ...(changes.length > 0 ? [`Write it into the file: ${write}`] : [])].map((line) =>
    printable(line),
  );
}
