import { floatIn, Instance, sortedKeys, type MaybeValue } from './values.ts';

/**
 * `plain` prints whole numbers from data below 2^53 without an exponent; `go` prints every float as Go does.
 */
export type NumberStyle = 'plain' | 'go';

/**
 * A float as Go's %v prints it: the shortest digits that read back the same, with an exponent from 1e+06 on
 * and below 1e-04.
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 21 && (exponent < 6 || exponent < 0)) return String(value);
  return `${mantissa}e${exponentSuffix(exponent)}`;
}

/** `+06`: sign and at least two digits. */
export function exponentSuffix(exponent: number): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
}

/** A number from data: whole ones stay whole in the plain style. */
function dataNumberText(value: number, style: NumberStyle): string {
  return style === 'plain' && Number.isSafeInteger(value) && !Object.is(value, -0)
    ? String(value)
    : floatText(value);
}

/** Deepest nesting that is printed. */
const MAX_SHOWN_DEPTH = 1_000;

/**
 * Limits of items and depth for one printed text. A list that contains itself is small in memory and endless
 * in print: the RangeError becomes an error of the template.
 */
export class Budget {
  private left = 5_000_000;
  private depth = 0;

  spend(): void {
    if (--this.left < 0) throw new RangeError('the value is too large to be shown');
  }

  /** Prints the content of a list or map. */
  within<T>(show: () => T): T {
    this.spend();
    if (++this.depth > MAX_SHOWN_DEPTH) throw new RangeError('the value nests too deep to be shown');
    const shown = show();
    this.depth--;
    return shown;
  }
}

/** Any value as Go's %v prints it. */
export function formatValue(value: MaybeValue, style: NumberStyle, budget = new Budget()): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return dataNumberText(value, style);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const items = budget.within(() => value.map((item) => formatValue(item, style, budget)));
    return `[${items.join(' ')}]`;
  }
  if (value instanceof Map) {
    const entries = budget.within(() =>
      sortedKeys(value).map((key) => `${key}:${formatValue(value.get(key), style, budget)}`),
    );
    return `map[${entries.join(' ')}]`;
  }
  if (value instanceof Instance) return value.text;
  const float = floatIn(value);
  return float === undefined ? String(value.value) : floatText(float);
}

/** fmt.Sprint: a space between two operands when neither is a string. */
export function sprint(values: readonly MaybeValue[], style: NumberStyle): string {
  let out = '';
  values.forEach((value, index) => {
    if (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string') out += ' ';
    out += formatValue(value, style);
  });
  return out;
}

/** fmt.Sprintln: always a space between operands, a newline at the end. */
export function sprintln(values: readonly MaybeValue[], style: NumberStyle): string {
  return `${values.map((value) => formatValue(value, style)).join(' ')}\n`;
}
