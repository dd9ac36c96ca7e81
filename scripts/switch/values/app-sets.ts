/** The resource sets of a cluster file, and what each is rendered with. */
import { formatValue, InputError, loadClusterFile, valuesOf } from '../../render/index.ts';
import type { Value, ValueMap } from '../../render/index.ts';
import { UsageError } from '../../shared/errors.ts';

/** A cluster file with a content that may not have been written yet. */
export interface Source {
  file: string;
  text: string;
}

export interface AppSet {
  /** Among all sets of the file. */
  index: number;
  name: string;
  /** That of one version: what the switch renders. */
  isVersion: boolean;
  values: ValueMap;
}

/**
 * Every set, and those of the app: the ones whose value `app` it is.
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

/** What the renderer says of a file is said as wrong usage. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** As a template prints it; the items of a list with commas between them. Undefined: there is none. */
export function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => formatValue(item, 'plain')).join(',');
  return formatValue(value, 'plain');
}
