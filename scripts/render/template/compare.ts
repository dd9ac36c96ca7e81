import { FunctionError } from './errors.ts';
import { compareStrings, floatIn, Instance, integerIn, type MaybeValue } from './values.ts';

type Basic =
  | { kind: 'bool'; value: boolean }
  | { kind: 'int'; value: bigint }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string };

const incompatible = (hint?: string): FunctionError =>
  new FunctionError('incompatible types for comparison', 'bad-comparison', hint);

function basic(value: MaybeValue): Basic | undefined {
  if (typeof value === 'boolean') return { kind: 'bool', value };
  if (typeof value === 'string') return { kind: 'string', value };
  const integer = integerIn(value);
  if (integer !== undefined) return { kind: 'int', value: integer };
  const float = floatIn(value);
  return float === undefined ? undefined : { kind: 'float', value: float };
}

const mixesNumbers = (a: Basic | undefined, b: Basic | undefined): boolean =>
  (a?.kind === 'int' && b?.kind === 'float') || (a?.kind === 'float' && b?.kind === 'int');
const NUMBER_HINT = 'Numbers from YAML are floats: write 8080.0, or convert with int';

const isNil = (value: MaybeValue): boolean => value === null || value === undefined;

/** `eq a b`: basic kinds must agree, nil equals only nil, maps and lists cannot be compared. */
function equal(a: MaybeValue, b: MaybeValue): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const left = basic(a);
  const right = basic(b);
  if (left !== undefined && right !== undefined) {
    if (left.kind !== right.kind) throw incompatible(mixesNumbers(left, right) ? NUMBER_HINT : undefined);
    return left.value === right.value;
  }
  if (left === undefined && right === undefined) throw nonComparable(a);
  throw left === undefined ? nonComparable(a) : incompatible();
}

function nonComparable(value: MaybeValue): FunctionError {
  if (value instanceof Instance) {
    const hint = 'Compare versions with .Equal, .LessThan or .GreaterThan, or with semverCompare';
    return new FunctionError(`non-comparable type ${value.type}`, 'bad-comparison', hint);
  }
  const kind = Array.isArray(value) ? 'slice' : 'map';
  return new FunctionError(`non-comparable type ${kind}`, 'bad-comparison');
}

/** `eq a b c`: whether a equals any of the others. */
export function eq(first: MaybeValue, others: readonly MaybeValue[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison', 'bad-comparison');
  return others.some((other) => equal(first, other));
}

export function ne(a: MaybeValue, b: MaybeValue): boolean {
  return !equal(a, b);
}

/** `lt a b`, defined for numbers of one kind and for strings. */
export function lt(a: MaybeValue, b: MaybeValue): boolean {
  const left = basic(a);
  const right = basic(b);
  if (left === undefined || right === undefined) {
    throw new FunctionError('invalid type for comparison', 'bad-comparison');
  }
  if (left.kind === 'string' && right.kind === 'string') return compareStrings(left.value, right.value) < 0;
  if (left.kind === 'int' && right.kind === 'int') return left.value < right.value;
  if (left.kind === 'float' && right.kind === 'float') return left.value < right.value;
  if (left.kind === 'bool' && right.kind === 'bool') {
    throw new FunctionError('invalid type for comparison', 'bad-comparison');
  }
  throw incompatible(mixesNumbers(left, right) ? NUMBER_HINT : undefined);
}

export function le(a: MaybeValue, b: MaybeValue): boolean {
  return lt(a, b) || equal(a, b);
}
