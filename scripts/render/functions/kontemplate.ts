import { FunctionError } from '../template/errors.ts';
import { fn, type TemplateFunction } from '../template/functions.ts';

const inSetsOnly = (name: string): FunctionError =>
  new FunctionError(`${name} works in the templates of a resource set only`);

/** kontemplate's own functions, as far as they need nothing but the values. */
export const kontemplateFunctions: Array<[string, TemplateFunction]> = [
  [
    'default',
    // Not sprig's: the second argument is the name of a top-level
    // value, which counts when it exists, even empty.
    fn(['any', 'string'], ([fallback, name], { root }) => {
      const found = root instanceof Map ? root.get(name) : undefined;
      return found === undefined ? fallback : found;
    }),
  ],
  [
    'env',
    fn(['string'], ([name], { environment }) =>
      Object.hasOwn(environment, name) ? (environment[name] ?? '') : '',
    ),
  ],
  [
    'expandenv',
    fn(['string'], ([text], { environment }) =>
      text.replace(/\$(?:\{([^}]*)\}|([A-Za-z0-9_]+|[*#$@!?-]))/g, (_, braced?: string, bare?: string) => {
        const name = braced ?? bare ?? '';
        return Object.hasOwn(environment, name) ? (environment[name] ?? '') : '';
      }),
    ),
  ],
  ...['insertFile', 'insertTemplate', 'passLookup', 'lookupIPAddr'].map(
    (name): [string, TemplateFunction] => [
      name,
      fn(['string'], () => {
        throw inSetsOnly(name);
      }),
    ],
  ),
  [
    'gitHEAD',
    fn([], () => {
      throw inSetsOnly('gitHEAD');
    }),
  ],
];
