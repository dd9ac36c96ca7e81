/** `--write-values`: the end state goes into the cluster file, so that applying it again changes nothing. */
import { CommandError, UsageError, messageOf } from '../../shared/errors.ts';
import { rewriteWholeFile, verifyRewritable } from '../../shared/whole-file.ts';
import type { Run } from '../context.ts';
import type { SwitchOptions, ValuesReport } from '../types.ts';
import { compareFile, readSource } from './compare-file.ts';
import { describeChanges, describeRest } from './describe-values.ts';
import { withValues } from './with-values.ts';

/** Stands for a patch instead of a file. */
export const PATCH = '-';

/** The file that is meant; undefined where nobody asked for it. */
export function valuesFile({
  writeValues,
  clusterFile,
}: Pick<SwitchOptions, 'writeValues' | 'clusterFile'>): string | undefined {
  return writeValues === PATCH ? clusterFile : writeValues;
}

/**
 * Before anything is changed: a file that is to be written can be, and is one of this app.
 * @throws UsageError that says why not
 */
export function verifyValuesFile(options: SwitchOptions): void {
  const { app, to, writeValues } = options;
  const file = valuesFile(options);
  if (file === undefined) return;
  const source = readSource(file);
  // Tried out, for what cannot be changed in its place is better known now.
  const version = to ?? 'v0';
  withValues(source, app, new Map(['version', 'live', 'subsets'].map((key) => [key, version])));
  try {
    if (writeValues !== PATCH) verifyRewritable(file);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/**
 * Writes what stands in the cluster into the file, and tells what was changed. Somebody may have edited it
 * meanwhile: it is read anew.
 * @throws CommandError, and what reading the cluster threw: the file is as it was
 */
export async function writeEndState({
  options,
  cluster,
  readState,
  reporter,
}: Pick<Run, 'options' | 'cluster' | 'readState' | 'reporter'>): Promise<ValuesReport | undefined> {
  const file = valuesFile(options);
  if (file === undefined) return undefined;
  const { app, set: vars = {}, writeValues } = options;
  const { text, report } = await compareFile({ cluster, app }, { file, state: await readState(), vars });
  if (report.changes.length > 0 && writeValues !== PATCH) rewriteWholeFile(file, text);
  reporter.note(describeChanges(report));
  for (const line of describeRest(report, vars)) reporter.note(line);
  return report;
}

/** The same as a value, for a switch that is done whatever becomes of the file. */
export async function tryToWriteEndState(
  run: Pick<Run, 'options' | 'cluster' | 'readState' | 'reporter'>,
): Promise<{ values?: ValuesReport; problem?: string }> {
  try {
    const values = await writeEndState(run);
    return values === undefined ? {} : { values };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { problem: messageOf(error).replace(/\.$/, '') };
  }
}
