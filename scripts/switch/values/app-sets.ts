/** The resource sets of a cluster file and the values of each. */
import { formatValue, InputError, loadClusterFile, valuesOf } from '../../render/index.ts';
import type { Value, ValueMap } from '../../render/index.ts';
import { UsageError } from '../../shared/errors.ts';

/** A cluster file with its content, which may not have been written yet. */
export interface Source {
  file: string;
  text: string;
}

export interface AppSet {
  /** The position among all sets of the file. */
  index: number;
  name: string;
  /** Whether it is the set `version`, which the switch renders. */
  isVersion: boolean;
  values: ValueMap;
}

/**
 * All sets, and those of the app: the sets whose value `app` names it.
 * @throws UsageError that names the file and the reason: no cluster file, or one of another app
 */
export function readSets({ file, text }: Source, app: string): { all: AppSet[]; own: AppSet[] } {
  const all = refusing(() => {
    const cluster = loadClusterFile(file, text);
    return cluster.sets.map((set, index): AppSet => {
      const { name, group } = set;
      const isVersion = name === 'version' || group === 'version';
      return { index, name, isVersion, values: valuesOf(cluster, set) };
    });
  });
  const own = all.filter(({ values }) => textOf(values.get('app')) === app);
  if (own.length === 0)
    throw new UsageError(`${file} describes no resource set of ${app}: none has the value app: ${app}.`);
  if (!own.some(({ isVersion, values }) => isVersion && values.has('version')))
    throw new UsageError(
      `${file} has no resource set "version" of ${app} with a value version: which version it describes is not to be found in it.`,
    );
  return { all, own };
}

/** Turns the renderer's errors about a file into wrong usage. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** The value as a template prints it, a list with commas between its items. Undefined: there is no value. */
export function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => formatValue(item, 'plain')).join(',');
  return formatValue(value, 'plain');
}
