import { floatIn, integerIn, type MaybeValue } from '../template/values.ts';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** Any value as a 64-bit integer: floats are truncated, text that is not an integer counts as 0. */
export function toInt64(value: MaybeValue): bigint {
  if (typeof value === 'string') {
    const integer = parseInteger(value);
    return integer === undefined || integer > MAX || integer < MIN ? 0n : integer;
  }
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const integer = integerIn(value);
  if (integer !== undefined) return integer;
  const float = floatIn(value);
  if (float === undefined) return 0n;
  // What amd64 gives for a float that no integer can hold.
  if (!Number.isFinite(float) || Math.abs(float) >= 2 ** 63) return MIN;
  return BigInt(Math.trunc(float));
}

export function parseInteger(text: string): bigint | undefined {
  return /^[+-]?[0-9]+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
}

/** strconv.Atoi without its error: out of range is clamped. */
export function atoi(text: string): bigint {
  const integer = parseInteger(text) ?? 0n;
  if (integer > MAX) return MAX;
  return integer < MIN ? MIN : integer;
}

/** Any value as a float: text that is not a number counts as 0. */
export function toFloat64(value: MaybeValue): number {
  if (typeof value === 'string') return parseFloatText(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  const integer = integerIn(value);
  return integer === undefined ? (floatIn(value) ?? 0) : Number(integer);
}

function parseFloatText(text: string): number {
  const special = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) return 0;
  const number = Number(text);
  return Number.isFinite(number) ? number : 0;
}
