/**
 * `--write-values`: writes the end state into the cluster file, so that applying the file changes nothing.
 */
import { CommandError, UsageError, messageOf } from '../../shared/errors.ts';
import { rewriteWholeFile, verifyRewritable } from '../../shared/whole-file.ts';
import type { Run } from '../context.ts';
import type { SwitchOptions, ValuesReport } from '../types.ts';
import { compareFile, readSource } from './compare-file.ts';
import { describeChanges, describeRest } from './describe-values.ts';
import { withValues } from './with-values.ts';

/** The value of the flag that asks for a patch instead of a file. */
export const PATCH = '-';

/** The file to write; undefined without the flag. */
export function valuesFile({
  writeValues,
  clusterFile,
}: Pick<SwitchOptions, 'writeValues' | 'clusterFile'>): string | undefined {
  return writeValues === PATCH ? clusterFile : writeValues;
}

/**
 * Verifies before the first write to the cluster that the file can be written and is of this app.
 * @throws UsageError that says why not
 */
export function verifyValuesFile(options: SwitchOptions): void {
  const { app, to, writeValues } = options;
  const file = valuesFile(options);
  if (file === undefined) return;
  const source = readSource(file);
  // Try the change with an example, so that a value that cannot be changed is reported now.
  const version = to ?? 'v0';
  withValues(source, app, new Map(['version', 'live', 'subsets'].map((key) => [key, version])));
  try {
    if (writeValues !== PATCH) verifyRewritable(file);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/**
 * Writes the cluster's state into the file and reports the changes. The file is read again, as somebody may
 * have edited it during the switch.
 * @throws CommandError, and the errors of reading the cluster: then the file is unchanged
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

/** As `writeEndState`, but returns the error: the switch is done even if the file cannot be written. */
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
