import { reasonForAbsence, standardFunctions } from './functions/index.ts';
import { renderCluster, type RenderedFile, type RenderSetsOptions } from './sets/render-sets.ts';
import type { NumberStyle } from './template/format.ts';
import { renderText } from './template/render.ts';
import { fromPlain } from './template/values.ts';

export { RenderError } from './template/errors.ts';
export { InputError } from './sets/input-error.ts';
export { parseObjects, type KubernetesObject } from './sets/parse-objects.ts';
export { renderCluster, type RenderedFile, type RenderSetsOptions } from './sets/render-sets.ts';

export interface RenderTemplateOptions {
  /** Name for error messages. */
  fileName?: string;
  /** `plain` (default) prints whole numbers plainly, `go` prints 1000000 as 1e+06, as kontemplate does. */
  numbers?: NumberStyle;
}

/** Renders one template with plain data. Throws RenderError with file, line and column. */
export function renderTemplate(text: string, values: unknown, options: RenderTemplateOptions = {}): string {
  return renderText(text, fromPlain(values), options.fileName ?? 'template', {
    functions: standardFunctions,
    absence: reasonForAbsence,
    numbers: options.numbers,
  });
}

/** Renders the selected resource sets of a cluster file, in its order. Rejects if any template fails. */
// eslint-disable-next-line @typescript-eslint/require-await -- callers may count on a promise
export async function renderSets(
  clusterFile: string,
  options: RenderSetsOptions = {},
): Promise<RenderedFile[]> {
  return renderCluster(clusterFile, options).sets.flatMap(({ files }) => files);
}
