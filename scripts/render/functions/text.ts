import { formatValue } from '../template/format.ts';
import { fn, variadic, type CallContext, type TemplateFunction } from '../template/functions.ts';
import { quote } from '../template/quoting.ts';
import { withElementType, type MaybeValue } from '../template/values.ts';

const text = (value: MaybeValue, context: CallContext): string => formatValue(value, context.style);

export const textFunctions: Array<[string, TemplateFunction]> = [
  [
    'quote',
    variadic([], 'any', (args, context) =>
      args
        .filter((arg) => arg !== null && arg !== undefined)
        .map((arg) => quote(text(arg, context)))
        .join(' '),
    ),
  ],
  [
    'splitList',
    fn(['string', 'string'], ([separator, value]) => withElementType(value.split(separator), 'string')),
  ],
];
