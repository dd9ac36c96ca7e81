import { goFunctions } from '../template/builtins.ts';
import type { FunctionTable } from '../template/functions.ts';
import { textFunctions } from './text.ts';

/** Go's built-in functions and sprig's; where both have a name, sprig's wins, as in kontemplate. */
export const standardFunctions: FunctionTable = new Map([...goFunctions, ...textFunctions]);

export function reasonForAbsence(_name: string): string | undefined {
  return undefined;
}
