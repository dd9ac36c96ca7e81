import { join } from 'node:path';
import { InputError } from '../sets/input-error.ts';
import { readTextFile } from '../sets/read-file.ts';
import { FunctionError, RenderError } from '../template/errors.ts';
import { fn, type FunctionTable, type TemplateFunction } from '../template/functions.ts';
import { withElementType, type Value } from '../template/values.ts';
import type { Host } from './host.ts';

/** Deepest nesting of inserted templates: endless recursion becomes an error. */
const MAX_INSERT_DEPTH = 20;

export interface SetSurroundings {
  /** The folder of insertFile and insertTemplate. */
  folder: string;
  /** The cluster file's folder, whose repository gitHEAD reads. */
  clusterFolder: string;
  host: Host;
  /** Renders the text of another file of the set with the same values. */
  render: (file: string, text: string, root: Value) => string;
}

/** The functions that reach outside the values: files of the set, git, pass, DNS. */
export function setFunctions(surroundings: SetSurroundings): FunctionTable {
  const { folder, clusterFolder, host, render } = surroundings;
  const open: string[] = [];

  function insertTemplate(name: string, root: Value): string {
    const file = join(folder, name);
    if (open.length >= MAX_INSERT_DEPTH) {
      const cycle = [...open.slice(open.lastIndexOf(name, -2)), name].join(' -> ');
      throw new FunctionError(
        `templates insert each other more than ${MAX_INSERT_DEPTH} deep: ${cycle}`,
        'too-deep',
      );
    }
    open.push(name);
    try {
      return render(file, readTextFile(file), root);
    } catch (error) {
      if (error instanceof RenderError) throw asFunctionError(error);
      throw error;
    } finally {
      open.pop();
    }
  }

  return new Map<string, TemplateFunction>([
    ['insertFile', fn(['string'], ([name]) => attempt(() => readTextFile(join(folder, name))))],
    [
      'insertTemplate',
      fn(['string'], ([name], { root }) => attempt(() => insertTemplate(name, root ?? null))),
    ],
    ['gitHEAD', fn([], () => attempt(() => host.gitHead(clusterFolder)))],
    ['passLookup', fn(['string'], ([key]) => attempt(() => host.pass(key)))],
    [
      'lookupIPAddr',
      fn(['string'], ([name]) => attempt(() => withElementType([...host.addresses(name)], 'net.IP'))),
    ],
  ]);
}

// Report a chain that is too deep once, not once per level.
function asFunctionError(error: RenderError): FunctionError {
  if (error.errorClass !== 'too-deep') return new FunctionError(error.message, error.errorClass);
  const innermost = /templates insert each other .*$/.exec(error.fact)?.[0] ?? error.message;
  return new FunctionError(innermost, 'too-deep');
}

/** Errors of files and programs become errors of the template that called the function. */
function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof InputError) throw new FunctionError(error.message);
    throw error;
  }
}
