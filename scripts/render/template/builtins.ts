import { eq, le, lt, ne } from './compare.ts';
import { FunctionError } from './errors.ts';
import { fn, variadic, type FunctionTable, type TemplateFunction } from './functions.ts';
import { formatValue, sprint, sprintln, type NumberStyle } from './format.ts';
import { sprintf } from './printf.ts';
import {
  Typed,
  elementTypeOf,
  integerIn,
  isTrue,
  kindOf,
  typeName,
  withElementType,
  type MaybeValue,
} from './values.ts';

/** The input of html, js and urlquery: a single string as it is, everything else as print shows it. */
function printed(args: readonly MaybeValue[], style: NumberStyle): string {
  if (args.length === 1 && typeof args[0] === 'string') return args[0];
  return sprint(
    args.map((arg) => arg ?? '<no value>'),
    style,
  );
}

const HTML: Record<string, string> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

export const escapeHtml = (text: string): string => text.replace(/["'&<>\0]/g, (char) => HTML[char] ?? char);

export function escapeJavaScript(text: string): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (/['"\\]/.test(char)) out += `\\${char}`;
    else if (code < 0x20 || /[<>&=]/.test(char)) out += `\\u${hex4(code)}`;
    else if (code >= 0x80 && !/^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) out += `\\u${hex4(code)}`;
    else out += char;
  }
  return out;
}

const hex4 = (code: number): string => code.toString(16).toUpperCase().padStart(4, '0');

export function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function lengthOf(value: MaybeValue): bigint {
  if (value === null || value === undefined) throw new FunctionError('len of nil pointer');
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (Array.isArray(value)) return BigInt(value.length);
  if (value instanceof Map) return BigInt(value.size);
  throw new FunctionError(`len of type ${typeName(value)}`);
}

function positionIn(index: MaybeValue, length: number, inclusive: boolean): number {
  const integer = integerIn(index);
  if (integer === undefined) {
    const hint = typeof index === 'number' ? 'Numbers from YAML are floats: convert with int' : undefined;
    const type = index === null || index === undefined ? 'nil' : `type ${typeName(index)}`;
    throw new FunctionError(`cannot index slice/array with ${type}`, 'function-error', hint);
  }
  if (integer < 0n || integer > BigInt(length) || (integer === BigInt(length) && !inclusive)) {
    throw new FunctionError(`index out of range: ${integer}`);
  }
  return Number(integer);
}

function indexOnce(item: MaybeValue, index: MaybeValue): MaybeValue {
  if (item === null || item === undefined) throw new FunctionError('index of nil pointer');
  if (typeof item === 'string') {
    const bytes = Buffer.from(item);
    return new Typed('uint8', BigInt(bytes[positionIn(index, bytes.length, false)] ?? 0));
  }
  if (Array.isArray(item)) return item[positionIn(index, item.length, false)];
  if (item instanceof Map) {
    if (index === null || index === undefined) {
      throw new FunctionError('value is nil; should be of type string');
    }
    if (typeof index !== 'string') {
      throw new FunctionError(`value has type ${typeName(index)}; should be string`);
    }
    const found = item.get(index);
    return found === undefined && elementTypeOf(item) === 'string' ? '' : (found ?? null);
  }
  throw new FunctionError(`can't index item of type ${typeName(item)}`);
}

function slice(item: MaybeValue, indexes: readonly MaybeValue[]): MaybeValue {
  if (item === null || item === undefined) throw new FunctionError('slice of untyped nil');
  if (indexes.length > 3) throw new FunctionError(`too many slice indexes: ${indexes.length}`);
  if (typeof item !== 'string' && !Array.isArray(item)) {
    throw new FunctionError(`can't slice item of type ${typeName(item)}`);
  }
  if (typeof item === 'string' && indexes.length === 3) {
    throw new FunctionError('cannot 3-index slice a string');
  }
  const whole = typeof item === 'string' ? Buffer.from(item) : item;
  const places = indexes.map((index) => positionIn(index, whole.length, true));
  const [from = 0, to = whole.length, limit = Infinity] = places;
  if (from > to || to > limit) throw new FunctionError(`invalid slice index: ${from} > ${to}`);
  if (Buffer.isBuffer(whole)) return whole.subarray(from, to).toString('utf8');
  return withElementType(whole.slice(from, to), elementTypeOf(whole));
}

function call(value: MaybeValue): never {
  if (value === null || value === undefined) throw new FunctionError('call of nil');
  throw new FunctionError(`non-function of type ${typeName(value)}`);
}

const comparison = (compare: (a: MaybeValue, b: MaybeValue) => boolean): TemplateFunction =>
  fn(['any', 'any'], ([a, b]) => compare(a, b));

/**
 * The functions of Go's text/template. `and` and `or` stop early,
 * which the executor does before calling them.
 */
export const goFunctions: FunctionTable = new Map<string, TemplateFunction>([
  ['and', variadic(['any'], 'any', (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1))],
  ['or', variadic(['any'], 'any', (args) => args.find(isTrue) ?? args.at(-1))],
  ['not', fn(['any'], ([arg]) => !isTrue(arg))],
  ['eq', variadic(['any'], 'any', ([first, ...others]) => eq(first, others))],
  ['ne', comparison(ne)],
  ['lt', comparison(lt)],
  ['le', comparison(le)],
  ['gt', comparison((a, b) => !le(a, b))],
  ['ge', comparison((a, b) => !lt(a, b))],
  ['len', fn(['any'], ([item]) => lengthOf(item))],
  [
    'index',
    variadic(['any'], 'any', ([item, ...indexes]) => {
      if (item === null || item === undefined) throw new FunctionError('index of untyped nil');
      return indexes.reduce(indexOnce, item);
    }),
  ],
  ['slice', variadic(['any'], 'any', ([item, ...indexes]) => slice(item, indexes))],
  ['print', variadic([], 'any', (args, { style }) => sprint(args, style))],
  ['println', variadic([], 'any', (args, { style }) => sprintln(args, style))],
  ['printf', variadic(['string'], 'any', ([format, ...args], { style }) => sprintf(format, args, style))],
  ['html', variadic([], 'any', (args, { style }) => escapeHtml(printed(args, style)))],
  ['js', variadic([], 'any', (args, { style }) => escapeJavaScript(printed(args, style)))],
  ['urlquery', variadic([], 'any', (args, { style }) => escapeQuery(printed(args, style)))],
  ['call', variadic(['any'], 'any', ([value]) => call(value))],
]);

/** The text of a value as an action prints it: no value is `<no value>`. */
export function printedAction(value: MaybeValue, style: NumberStyle): string {
  return kindOf(value) === 'invalid' ? '<no value>' : formatValue(value, style);
}
