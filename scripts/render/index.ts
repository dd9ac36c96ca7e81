import { reasonForAbsence, standardFunctions } from './functions/index.ts';
import { renderCluster, type RenderedFile, type RenderSetsOptions } from './sets/render-sets.ts';
import type { NumberStyle } from './template/format.ts';
import { RenderError } from './template/errors.ts';
import { renderText } from './template/render.ts';
import { fromPlain, type Value } from './template/values.ts';

export { RenderError } from './template/errors.ts';
export { InputError } from './sets/input-error.ts';
export { parseObjects, type KubernetesObject } from './sets/parse-objects.ts';
export { loadClusterFile, type ClusterFile, type ResourceSet } from './sets/cluster-file.ts';
export { renderCluster, valuesOf, type RenderedFile, type RenderSetsOptions } from './sets/render-sets.ts';
export { readTextFile } from './sets/read-file.ts';
export { formatValue } from './template/format.ts';
export type { Value, ValueMap } from './template/values.ts';

export interface RenderTemplateOptions {
  /** Name for error messages. */
  fileName?: string;
  /** `plain` (default) prints whole numbers plainly, `go` prints 1000000 as 1e+06, as kontemplate does. */
  numbers?: NumberStyle;
}

/** Renders one template with plain data. Throws RenderError with file, line and column. */
export function renderTemplate(text: string, values: unknown, options: RenderTemplateOptions = {}): string {
  const fileName = options.fileName ?? 'template';
  return renderText(text, dataOf(values, fileName), fileName, {
    functions: standardFunctions,
    absence: reasonForAbsence,
    numbers: options.numbers,
  });
}

/** Converts data to template values. Throws a RenderError for functions and circular references. */
function dataOf(values: unknown, file: string): Value {
  try {
    return fromPlain(values);
  } catch (error) {
    const reason = error instanceof TypeError ? error.message : 'they nest too deep or in a circle';
    throw new RenderError(
      { file, line: 1, column: 1, fact: `unusable values: ${reason}`, errorClass: 'bad-call', phase: 'exec' },
      { cause: error },
    );
  }
}

/** Renders the selected resource sets of a cluster file, in its order. Rejects if any template fails. */
// eslint-disable-next-line @typescript-eslint/require-await -- callers may count on a promise
export async function renderSets(
  clusterFile: string,
  options: RenderSetsOptions = {},
): Promise<RenderedFile[]> {
  return renderCluster(clusterFile, options).sets.flatMap(({ files }) => files);
}
