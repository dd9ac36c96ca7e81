import { goFunctions } from '../template/builtins.ts';
import type { FunctionTable } from '../template/functions.ts';
import { dictFunctions } from './dicts.ts';
import { encodingFunctions } from './encoding.ts';
import { flowFunctions } from './flow.ts';
import { kontemplateFunctions } from './kontemplate.ts';
import { listFunctions } from './lists.ts';
import { mathFunctions } from './math.ts';
import { pathFunctions } from './paths.ts';
import { regexFunctions } from './regex.ts';
import { semverFunctions } from './semver.ts';
import { textFunctions } from './text.ts';
import { wordFunctions } from './words.ts';

export { reasonForAbsence } from './absent.ts';

/** Go's built-in functions, sprig's and kontemplate's; of equal names the later wins, as in kontemplate. */
export const standardFunctions: FunctionTable = new Map([
  ...goFunctions,
  ...textFunctions,
  ...wordFunctions,
  ...listFunctions,
  ...dictFunctions,
  ...mathFunctions,
  ...encodingFunctions,
  ...regexFunctions,
  ...semverFunctions,
  ...pathFunctions,
  ...flowFunctions,
  ...kontemplateFunctions,
]);
