import { FunctionError } from '../template/errors.ts';
import { fn, variadic, type TemplateFunction } from '../template/functions.ts';
import { isTrue, kindOf, typeName } from '../template/values.ts';

export const flowFunctions: Array<[string, TemplateFunction]> = [
  ['ternary', fn(['any', 'any', 'bool'], ([yes, no, condition]) => (condition ? yes : no))],
  ['empty', fn(['any'], ([value]) => !isTrue(value))],
  ['coalesce', variadic([], 'any', (values) => values.find(isTrue) ?? null)],
  [
    'fail',
    fn(['string'], ([message]) => {
      throw new FunctionError(message, 'fail-call');
    }),
  ],
  ['typeOf', fn(['any'], ([value]) => typeName(value))],
  ['typeIs', fn(['string', 'any'], ([type, value]) => type === typeName(value))],
  ['typeIsLike', fn(['string', 'any'], ([type, value]) => type === typeName(value))],
  ['kindOf', fn(['any'], ([value]) => kindOf(value))],
  ['kindIs', fn(['string', 'any'], ([kind, value]) => kind === kindOf(value))],
  ['hello', fn([], () => 'Hello!')],
];
