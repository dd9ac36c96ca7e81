import { FunctionError } from '../template/errors.ts';
import { fn, variadic, type TemplateFunction } from '../template/functions.ts';
import { int64, type MaybeValue } from '../template/values.ts';
import { atoi, toFloat64, toInt64 } from './convert.ts';

/** Integer arithmetic on whatever is given: every operand becomes a 64-bit integer, and so is the result. */
const onIntegers = (compute: (a: bigint, b: bigint) => bigint): TemplateFunction =>
  fn(['any', 'any'], ([a, b]) => int64(compute(toInt64(a), toInt64(b))));

const fold = (compute: (a: bigint, b: bigint) => bigint): TemplateFunction =>
  variadic(['any'], 'any', (args: readonly MaybeValue[]) => int64(args.map(toInt64).reduce(compute)));

function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw new FunctionError('runtime error: integer divide by zero');
  return divisor;
}

function round(value: number, places: number, roundOn: number): number {
  const power = 10 ** places;
  const digit = power * value;
  return (digit - Math.trunc(digit) >= roundOn ? Math.ceil(digit) : Math.floor(digit)) / power;
}

const larger = fold((a, b) => (b > a ? b : a));

export const mathFunctions: Array<[string, TemplateFunction]> = [
  ['add', variadic([], 'any', (args) => int64(args.map(toInt64).reduce((sum, each) => sum + each, 0n)))],
  ['add1', fn(['any'], ([value]) => int64(toInt64(value) + 1n))],
  ['sub', onIntegers((a, b) => a - b)],
  ['mul', fold((a, b) => BigInt.asIntN(64, a * b))],
  ['div', onIntegers((a, b) => a / nonZero(b))],
  ['mod', onIntegers((a, b) => a % nonZero(b))],
  ['max', larger],
  ['biggest', larger],
  ['min', fold((a, b) => (b < a ? b : a))],
  ['ceil', fn(['any'], ([value]) => Math.ceil(toFloat64(value)))],
  ['floor', fn(['any'], ([value]) => Math.floor(toFloat64(value)))],
  [
    'round',
    variadic(['any', 'int'], 'float64', ([value, places, roundOn = 0.5]) =>
      round(toFloat64(value), Number(places), roundOn),
    ),
  ],
  ['int', fn(['any'], ([value]) => toInt64(value))],
  ['int64', fn(['any'], ([value]) => int64(toInt64(value)))],
  ['float64', fn(['any'], ([value]) => toFloat64(value))],
  ['atoi', fn(['string'], ([text]) => atoi(text))],
];
