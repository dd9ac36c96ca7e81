import { characters } from '../template/characters.ts';
import { FunctionError } from '../template/errors.ts';
import { formatValue } from '../template/format.ts';
import { fn, variadic, type CallContext, type TemplateFunction } from '../template/functions.ts';
import { quote } from '../template/quoting.ts';
import { withElementType, type MaybeValue, type Value, type ValueMap } from '../template/values.ts';

/** The longest text a single function may build. */
export const MAX_TEXT = 16 * 1024 * 1024;

/** The most parts of a text. */
const MAX_PARTS = 1_000_000;

/** A value's text as print shows it. */
export const textOf = (value: MaybeValue, context: CallContext): string => formatValue(value, context.style);

export const isPresent = (value: MaybeValue): value is Value => value !== null && value !== undefined;

// What Go's unicode.IsSpace knows; unlike \s it has U+0085 and not U+FEFF.
export const SPACE =
  '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const OUTER_SPACE = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');
const ANY_SPACE = new RegExp(`[${SPACE}]+`, 'gu');

export function trimSpace(text: string): string {
  return text.replace(OUTER_SPACE, '');
}

function trimSet(cutset: string, text: string): string {
  const cut = new Set(cutset);
  const chars = characters(text);
  let start = 0;
  let end = chars.length;
  while (start < end && cut.has(chars[start] ?? '')) start++;
  while (end > start && cut.has(chars[end - 1] ?? '')) end--;
  return chars.slice(start, end).join('');
}

/** Go maps letter by letter: a letter whose other case is several letters is unchanged. */
const mapLetters = (text: string, map: (char: string) => string): string => {
  let out = '';
  for (const char of text) {
    const mapped = map(char);
    out += characters(mapped).length === 1 ? mapped : char;
  }
  return out;
};
export const upper = (text: string): string => mapLetters(text, (char) => char.toUpperCase());
export const lower = (text: string): string => mapLetters(text, (char) => char.toLowerCase());

/** Splits as Go's strings.SplitN: an empty separator splits into characters, n < 0 means all. */
export function splitText(separator: string, text: string, n = -1): string[] {
  if (n === 0) return [];
  if (separator === '' && text.length > MAX_PARTS) throw new FunctionError(`more than ${MAX_PARTS} items`);
  const parts = separator === '' ? characters(text) : text.split(separator, MAX_PARTS + 1);
  if (parts.length > MAX_PARTS) throw new FunctionError(`more than ${MAX_PARTS} items`);
  if (n < 0 || parts.length <= n) return parts;
  return [...parts.slice(0, n - 1), parts.slice(n - 1).join(separator)];
}

function numbered(parts: readonly string[]): ValueMap {
  const map = new Map<string, Value>(parts.map((part, index) => [`_${index}`, part]));
  return withElementType(map, 'string');
}

/** A part of a text by bytes, as Go slices strings. */
export function bytesOf(text: string, start: number, end: number): string {
  const bytes = Buffer.from(text);
  if (start < 0 || end > bytes.length || start > end) {
    throw new FunctionError(
      `runtime error: slice bounds out of range [${start}:${end}] with length ${bytes.length}`,
    );
  }
  return bytes.subarray(start, end).toString('utf8');
}

function repeat(count: bigint, text: string): string {
  if (count < 0n) throw new FunctionError('strings: negative Repeat count');
  if (BigInt(text.length) * count > BigInt(MAX_TEXT)) {
    throw new FunctionError(`the text would have more than ${MAX_TEXT} characters`);
  }
  return text.repeat(Number(count));
}

function indent(width: bigint, text: string): string {
  const padding = repeat(width, ' ');
  return padding + text.replaceAll('\n', () => `\n${padding}`);
}

/** The items of a list as text, without nil; a single value counts as a list of one. */
export function texts(value: MaybeValue, context: CallContext): string[] {
  if (!isPresent(value)) return [];
  return (Array.isArray(value) ? value : [value]).filter(isPresent).map((item) => textOf(item, context));
}

const quoteAll = (args: readonly MaybeValue[], write: (value: Value) => string): string =>
  args.filter(isPresent).map(write).join(' ');

function substring(start: bigint, end: bigint, text: string): string {
  const length = Buffer.byteLength(text);
  if (start < 0n) return bytesOf(text, 0, Number(end));
  return bytesOf(text, Number(start), end < 0n ? length : Number(end));
}

export const textFunctions: Array<[string, TemplateFunction]> = [
  ['quote', variadic([], 'any', (args, context) => quoteAll(args, (each) => quote(textOf(each, context))))],
  ['squote', variadic([], 'any', (args, context) => quoteAll(args, (each) => `'${textOf(each, context)}'`))],
  ['cat', variadic([], 'any', (args, context) => quoteAll(args, (each) => textOf(each, context)))],
  ['indent', fn(['int', 'string'], ([width, text]) => indent(width, text))],
  ['nindent', fn(['int', 'string'], ([width, text]) => `\n${indent(width, text)}`)],
  [
    'replace',
    fn(['string', 'string', 'string'], ([old, replacement, text]) =>
      old === '' ? ['', ...characters(text), ''].join(replacement) : text.split(old).join(replacement),
    ),
  ],
  ['plural', fn(['string', 'string', 'int'], ([one, many, count]) => (count === 1n ? one : many))],
  ['trim', fn(['string'], ([text]) => trimSpace(text))],
  ['trimAll', fn(['string', 'string'], ([cutset, text]) => trimSet(cutset, text))],
  ['trimall', fn(['string', 'string'], ([cutset, text]) => trimSet(cutset, text))],
  [
    'trimSuffix',
    fn(['string', 'string'], ([suffix, text]) =>
      suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
    ),
  ],
  [
    'trimPrefix',
    fn(['string', 'string'], ([prefix, text]) =>
      text.startsWith(prefix) ? text.slice(prefix.length) : text,
    ),
  ],
  ['nospace', fn(['string'], ([text]) => text.replace(ANY_SPACE, ''))],
  ['upper', fn(['string'], ([text]) => upper(text))],
  ['lower', fn(['string'], ([text]) => lower(text))],
  ['repeat', fn(['int', 'string'], ([count, text]) => repeat(count, text))],
  ['contains', fn(['string', 'string'], ([part, text]) => text.includes(part))],
  ['hasPrefix', fn(['string', 'string'], ([prefix, text]) => text.startsWith(prefix))],
  ['hasSuffix', fn(['string', 'string'], ([suffix, text]) => text.endsWith(suffix))],
  [
    'trunc',
    fn(['int', 'string'], ([length, text]) =>
      BigInt(Buffer.byteLength(text)) <= length ? text : bytesOf(text, 0, Number(length)),
    ),
  ],
  ['substr', fn(['int', 'int', 'string'], ([start, end, text]) => substring(start, end, text))],
  ['toString', fn(['any'], ([value], context) => textOf(value, context))],
  ['toStrings', fn(['any'], ([value], context) => withElementType(texts(value, context), 'string'))],
  ['join', fn(['string', 'any'], ([separator, value], context) => texts(value, context).join(separator))],
  [
    'splitList',
    fn(['string', 'string'], ([separator, text]) => withElementType(splitText(separator, text), 'string')),
  ],
  ['split', fn(['string', 'string'], ([separator, text]) => numbered(splitText(separator, text)))],
  [
    'splitn',
    fn(['string', 'int', 'string'], ([separator, n, text]) =>
      numbered(splitText(separator, text, Number(n))),
    ),
  ],
];
