import { FunctionError } from '../template/errors.ts';
import { fn, variadic, type TemplateFunction } from '../template/functions.ts';
import {
  compareStrings,
  elementTypeOf,
  floatIn,
  integerIn,
  isTrue,
  kindOf,
  typeName,
  withElementType,
  type MaybeValue,
  type Value,
} from '../template/values.ts';
import { toInt64 } from './convert.ts';
import { textOf, texts } from './text.ts';

/** The most items a function may create. */
const MAX_ITEMS = 1_000_000;

/** Equal in type and content: the integer 1 is not the float 1. */
export function deepEqual(a: MaybeValue, b: MaybeValue): boolean {
  if (a === b) return true;
  if (typeName(a) !== typeName(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && deepEqual(item, b.get(key)));
  }
  const integer = integerIn(a);
  if (integer !== undefined) return integer === integerIn(b);
  const float = floatIn(a);
  if (float !== undefined) return float === floatIn(b);
  return (a ?? null) === (b ?? null);
}

function asList(value: MaybeValue, action: string): Value[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) {
    throw new FunctionError(
      'runtime error: invalid memory address or nil pointer dereference (a list is needed, got null)',
    );
  }
  throw new FunctionError(`${action} type ${kindOf(value)}`);
}

const item = (value: MaybeValue): Value => value ?? null;

function slice(list: MaybeValue, indexes: readonly MaybeValue[]): MaybeValue {
  const items = asList(list, 'list should be type of slice or array but');
  if (items.length === 0) return null;
  const start = Number(toInt64(indexes[0] ?? 0n));
  const end = indexes.length < 2 ? items.length : Number(toInt64(indexes[1]));
  if (start < 0 || end > items.length || start > end) {
    throw new FunctionError('reflect.Value.Slice: slice index out of bounds');
  }
  return withElementType(items.slice(start, end), elementTypeOf(items));
}

function untilStep(start: bigint, stop: bigint, step: bigint): Value[] {
  const counts: Value[] = [];
  if (stop < start ? step >= 0n : step <= 0n) return withElementType(counts, 'int');
  if ((stop - start) / step > BigInt(MAX_ITEMS)) throw new FunctionError(`more than ${MAX_ITEMS} items`);
  for (let count = start; stop < start ? count > stop : count < stop; count += step) counts.push(count);
  return withElementType(counts, 'int');
}

/** The first of equal items. Scalars are found by a key: pairwise comparison of a million takes an hour. */
function uniq(items: readonly Value[]): Value[] {
  const names = new Set<string>();
  const others: Value[] = [];
  return items.filter((item) => {
    const name = nameOf(item);
    if (name !== undefined) return !names.has(name) && names.add(name);
    if (others.some((other) => deepEqual(item, other))) return false;
    others.push(item);
    return true;
  });
}

/** A key that is the same for equal values only; undefined for lists, maps, and NaN, which equals nothing. */
function nameOf(item: Value): string | undefined {
  if (Array.isArray(item) || item instanceof Map || Number.isNaN(floatIn(item))) return undefined;
  return `${typeName(item)} ${String(integerIn(item) ?? floatIn(item) ?? (item as string | boolean | null))}`;
}

const list = variadic([], 'any', (args) => args.map(item));
const append = fn(['any', 'any'], ([values, value]) => [...asList(values, 'Cannot push on'), item(value)]);

export const listFunctions: Array<[string, TemplateFunction]> = [
  ['list', list],
  ['tuple', list],
  ['append', append],
  ['push', append],
  ['prepend', fn(['any', 'any'], ([values, value]) => [item(value), ...asList(values, 'Cannot prepend on')])],
  ['first', fn(['any'], ([values]) => asList(values, 'Cannot find first on')[0] ?? null)],
  ['last', fn(['any'], ([values]) => asList(values, 'Cannot find last on').at(-1) ?? null)],
  ['rest', fn(['any'], ([values]) => asList(values, 'Cannot find rest on').slice(1))],
  ['initial', fn(['any'], ([values]) => asList(values, 'Cannot find initial on').slice(0, -1))],
  ['reverse', fn(['any'], ([values]) => asList(values, 'Cannot find reverse on').toReversed())],
  ['compact', fn(['any'], ([values]) => asList(values, 'Cannot compact on').filter(isTrue))],
  ['uniq', fn(['any'], ([values]) => uniq(asList(values, 'Cannot find uniq on')))],
  [
    'without',
    variadic(['any'], 'any', ([values, ...omitted]) =>
      asList(values, 'Cannot find without on').filter(
        (each) => !omitted.some((omit) => deepEqual(each, omit)),
      ),
    ),
  ],
  [
    'has',
    fn(['any', 'any'], ([needle, values]) =>
      values === null || values === undefined
        ? false
        : asList(values, 'Cannot find has on').some((each) => deepEqual(needle, each)),
    ),
  ],
  [
    'sortAlpha',
    fn(['any'], ([values], context) => {
      if (!Array.isArray(values)) return withElementType([textOf(values, context)], 'string');
      return withElementType(texts(values, context).sort(compareStrings), 'string');
    }),
  ],
  ['slice', variadic(['any'], 'any', ([values, ...indexes]) => slice(values, indexes))],
  ['until', fn(['int'], ([count]) => untilStep(0n, count, count < 0n ? -1n : 1n))],
  ['untilStep', fn(['int', 'int', 'int'], ([start, stop, step]) => untilStep(start, stop, step))],
];
