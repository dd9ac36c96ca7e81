import { FunctionError } from '../template/errors.ts';
import { fn, variadic, type TemplateFunction } from '../template/functions.ts';
import { isTrue, sortedKeys, withElementType, type Value, type ValueMap } from '../template/values.ts';
import { textOf } from './text.ts';

// A null map reads as empty, and cannot be written to.
const readable = (map: ValueMap | undefined): ValueMap => map ?? new Map<string, Value>();

function writable(map: ValueMap | undefined): ValueMap {
  if (map === undefined) throw new FunctionError('assignment to entry in nil map');
  return map;
}

/**
 * Merges one map into another, in place. Without overwriting, only what is missing or empty is taken; maps on
 * both sides are merged in turn; null is never taken.
 */
function mergeInto(target: ValueMap, source: ValueMap, overwrite: boolean): void {
  for (const [key, value] of source) {
    if (value === null) continue;
    const existing = target.get(key);
    if (existing !== undefined && isTrue(existing) && value instanceof Map) {
      if (existing instanceof Map) mergeInto(existing, value, overwrite);
      continue;
    }
    if (overwrite || existing === undefined || !isTrue(existing)) target.set(key, value);
  }
}

function merge(
  target: ValueMap | undefined,
  sources: ReadonlyArray<ValueMap | undefined>,
  overwrite: boolean,
) {
  const merged = target ?? new Map<string, Value>();
  for (const source of sources) mergeInto(merged, readable(source), overwrite);
  return merged;
}

export const dictFunctions: Array<[string, TemplateFunction]> = [
  [
    'dict',
    variadic([], 'any', (args, context) => {
      const map: ValueMap = new Map();
      for (let at = 0; at < args.length; at += 2) {
        map.set(textOf(args[at], context), at + 1 < args.length ? (args[at + 1] ?? null) : '');
      }
      return map;
    }),
  ],
  ['set', fn(['map', 'string', 'any'], ([map, key, value]) => writable(map).set(key, value ?? null))],
  [
    'unset',
    fn(['map', 'string'], ([map, key]) => {
      readable(map).delete(key);
      return map;
    }),
  ],
  ['hasKey', fn(['map', 'string'], ([map, key]) => readable(map).has(key))],
  // Go iterates maps in random order; here keys are sorted, so that output is reproducible.
  [
    'keys',
    variadic([], 'map', (maps) =>
      withElementType(
        maps.flatMap((map) => sortedKeys(readable(map))),
        'string',
      ),
    ),
  ],
  ['values', fn(['map'], ([map]) => sortedKeys(readable(map)).map((key) => readable(map).get(key) ?? null))],
  [
    'pluck',
    variadic(['string'], 'map', ([key, ...maps]) =>
      maps.filter((map) => readable(map).has(key)).map((map) => readable(map).get(key) ?? null),
    ),
  ],
  [
    'pick',
    variadic(
      ['map'],
      'string',
      ([map, ...keys]) => new Map([...readable(map)].filter(([key]) => keys.includes(key))),
    ),
  ],
  [
    'omit',
    variadic(
      ['map'],
      'string',
      ([map, ...keys]) => new Map([...readable(map)].filter(([key]) => !keys.includes(key))),
    ),
  ],
  ['merge', variadic(['map'], 'map', ([target, ...sources]) => merge(target, sources, false))],
  ['mergeOverwrite', variadic(['map'], 'map', ([target, ...sources]) => merge(target, sources, true))],
];
