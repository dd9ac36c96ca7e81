import { characters } from './characters.ts';
import { Budget, exponentSuffix, floatText, formatValue, type NumberStyle } from './format.ts';
import { quote, quoteCharacter } from './quoting.ts';
import { floatIn, Instance, integerIn, sortedKeys, typeName, type MaybeValue } from './values.ts';

interface Spec {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** %#v: values as Go source. */
  goSyntax: boolean;
  width: number | undefined;
  precision: number | undefined;
}

const NO_FLAGS: Spec = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  goSyntax: false,
  width: undefined,
  precision: undefined,
};

// A width beyond this is a mistake or an attack; Go refuses it too.
const MAX_WIDTH = 1_000_000;

/** fmt.Sprintf. Misuse is reported inside the text, as Go does: `%!d(string=x)`, `%!s(MISSING)`. */
export function sprintf(format: string, args: readonly MaybeValue[], style: NumberStyle): string {
  return new Printf(format, args, style).run();
}

class Printf {
  private readonly format: string;
  private readonly args: readonly MaybeValue[];
  private readonly style: NumberStyle;
  private at = 0;
  private argument = 0;
  private reordered = false;
  private readonly budget = new Budget();
  private goodIndex = true;
  private afterIndex = false;

  constructor(format: string, args: readonly MaybeValue[], style: NumberStyle) {
    this.format = format;
    this.args = args;
    this.style = style;
  }

  run(): string {
    const out: string[] = [];
    for (;;) {
      const percent = this.format.indexOf('%', this.at);
      out.push(this.format.slice(this.at, percent === -1 ? this.format.length : percent));
      if (percent === -1) break;
      this.at = percent + 1;
      out.push(this.directive());
    }
    if (!this.reordered && this.argument < this.args.length) {
      const extra = this.args.slice(this.argument).map((value) => this.typed(value));
      out.push(`%!(EXTRA ${extra.join(', ')})`);
    }
    return out.join('');
  }

  private typed(value: MaybeValue): string {
    return value === null || value === undefined
      ? '<nil>'
      : `${typeName(value)}=${formatValue(value, this.style)}`;
  }

  private directive(): string {
    const spec = { ...NO_FLAGS };
    let trouble = '';
    this.flags(spec);
    this.goodIndex = true;
    this.reordered = false;
    this.afterIndex = this.index();
    if (this.take('*')) {
      const width = this.integerArgument();
      if (width === undefined) trouble += '%!(BADWIDTH)';
      else {
        spec.width = Math.abs(width);
        if (width < 0) {
          spec.minus = true;
          spec.zero = false;
        }
      }
      this.afterIndex = false;
    } else {
      spec.width = this.number();
      if (this.afterIndex && spec.width !== undefined) this.goodIndex = false;
    }
    if (this.take('.')) trouble += this.precision(spec);
    if (!this.afterIndex) this.afterIndex = this.index();
    return trouble + this.verb(spec);
  }

  private precision(spec: Spec): string {
    if (this.afterIndex) this.goodIndex = false;
    this.afterIndex = this.index();
    if (this.take('*')) {
      const precision = this.integerArgument();
      this.afterIndex = false;
      if (precision === undefined) return '%!(BADPREC)';
      if (precision < 0) return '%!(BADPREC)';
      spec.precision = precision;
      return '';
    }
    spec.precision = this.number() ?? 0;
    return '';
  }

  private verb(spec: Spec): string {
    const verb = String.fromCodePoint(this.format.codePointAt(this.at) ?? 0);
    if (this.at >= this.format.length) return '%!(NOVERB)';
    this.at += verb.length;
    if (verb === '%') return '%';
    if (!this.goodIndex) return `%!${verb}(BADINDEX)`;
    if (this.argument >= this.args.length) return `%!${verb}(MISSING)`;
    if (verb === 'v') {
      // With %v these two flags choose a format and do not apply to numbers.
      spec.goSyntax = spec.sharp;
      spec.sharp = false;
      spec.plus = false;
    }
    return this.argumentText(verb, spec, this.args[this.argument++], true);
  }

  private take(char: string): boolean {
    if (this.format[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private flags(spec: Spec): void {
    for (; ; this.at++) {
      switch (this.format[this.at]) {
        case '#':
          spec.sharp = true;
          break;
        case '0':
          spec.zero = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '-':
          spec.minus = true;
          break;
        case ' ':
          spec.space = true;
          break;
        default:
          return;
      }
    }
  }

  private number(): number | undefined {
    const digits = /^[0-9]+/.exec(this.format.slice(this.at, this.at + 12))?.[0];
    if (digits === undefined) return undefined;
    this.at += digits.length;
    return Number(digits) > MAX_WIDTH ? undefined : Number(digits);
  }

  /** `%[2]d` takes the second argument. True when there was such an index, good or bad. */
  private index(): boolean {
    if (this.format[this.at] !== '[') return false;
    this.reordered = true;
    const close = this.format.indexOf(']', this.at);
    const number = close === -1 ? NaN : Number(this.format.slice(this.at + 1, close));
    this.at = close === -1 ? this.at + 1 : close + 1;
    if (Number.isInteger(number) && number >= 1 && number <= this.args.length) this.argument = number - 1;
    else this.goodIndex = false;
    return true;
  }

  private integerArgument(): number | undefined {
    if (this.argument >= this.args.length) return undefined;
    const value = integerIn(this.args[this.argument++]);
    if (value === undefined) return undefined;
    const number = Number(value);
    return Math.abs(number) > MAX_WIDTH ? undefined : number;
  }

  private argumentText(verb: string, spec: Spec, value: MaybeValue, top: boolean): string {
    if (verb === 'T' && top) return pad(typeName(value), spec);
    if (value === null || value === undefined) {
      if (!top) return spec.goSyntax ? 'interface {}(nil)' : '<nil>';
      return verb === 'v' ? pad('<nil>', spec) : `%!${verb}(<nil>)`;
    }
    this.budget.spend();
    if (spec.goSyntax) return this.asGoSource(value, spec);
    if (Array.isArray(value)) {
      return `[${value.map((item) => this.argumentText(verb, spec, item, false)).join(' ')}]`;
    }
    if (value instanceof Map) {
      const entries = sortedKeys(value).map((key) => {
        const name = this.argumentText(verb, spec, key, false);
        return `${name}:${this.argumentText(verb, spec, value.get(key), false)}`;
      });
      return `map[${entries.join(' ')}]`;
    }
    const text = this.scalar(verb, spec, value);
    return text ?? `%!${verb}(${typeName(value)}=${this.argumentText('v', spec, value, false)})`;
  }

  private asGoSource(value: MaybeValue, spec: Spec): string {
    if (Array.isArray(value)) {
      const items = value.map((item) => this.argumentText('v', spec, item, false));
      return `${typeName(value)}{${items.join(', ')}}`;
    }
    if (value instanceof Map) {
      const entries = sortedKeys(value).map(
        (key) => `${quote(key)}:${this.argumentText('v', spec, value.get(key), false)}`,
      );
      return `${typeName(value)}{${entries.join(', ')}}`;
    }
    if (typeof value === 'string') return pad(quote(value), spec);
    return pad(formatValue(value, this.style), spec);
  }

  private scalar(verb: string, spec: Spec, value: MaybeValue): string | undefined {
    if (typeof value === 'boolean') return /[tv]/.test(verb) ? pad(String(value), spec) : undefined;
    if (typeof value === 'string') return stringText(verb, spec, value);
    if (value instanceof Instance) return stringText(verb, spec, value.text);
    const integer = integerIn(value);
    if (integer !== undefined) return integerText(verb, spec, integer);
    const float = floatIn(value);
    if (float === undefined) return undefined;
    if (verb === 'v' && spec.precision === undefined) {
      return numberPad(withSign(formatValue(value, this.style), spec), spec, Number.isFinite(float));
    }
    return floatVerb(verb, spec, float);
  }
}

function pad(text: string, spec: Spec): string {
  if (spec.width === undefined) return text;
  const missing = spec.width - characters(text).length;
  if (missing <= 0) return text;
  if (spec.minus) return text + ' '.repeat(missing);
  return (spec.zero ? '0' : ' ').repeat(missing) + text;
}

function withSign(text: string, spec: Spec): string {
  if (/^[+-]/.test(text))
    return text.startsWith('+') && !spec.plus ? (spec.space ? ` ${text.slice(1)}` : text) : text;
  if (spec.plus) return `+${text}`;
  return spec.space ? ` ${text}` : text;
}

/** Pads a number: zeros go between the sign and the digits. */
function numberPad(text: string, spec: Spec, finite = true): string {
  if (!spec.zero || spec.minus || !finite) return pad(text, { ...spec, zero: false });
  const sign = /^[+\- ]/.exec(text)?.[0] ?? '';
  const digits = text.slice(sign.length);
  return sign + '0'.repeat(Math.max(0, (spec.width ?? 0) - text.length)) + digits;
}

function stringText(verb: string, spec: Spec, value: string): string | undefined {
  switch (verb) {
    case 's':
    case 'v':
      return pad(truncate(value, spec), spec);
    case 'q': {
      const text = truncate(value, spec);
      // eslint-disable-next-line no-control-regex -- exactly what a raw string cannot hold
      const raw = spec.sharp && !/[`\ufeff\x00-\x08\x0a-\x1f\x7f]/.test(text);
      return pad(raw ? `\`${text}\`` : quote(text, spec.plus), spec);
    }
    case 'x':
    case 'X':
      return pad(hexBytes(value, spec, verb === 'X'), spec);
    default:
      return undefined;
  }
}

const truncate = (text: string, spec: Spec): string =>
  spec.precision === undefined ? text : characters(text).slice(0, spec.precision).join('');

function hexBytes(text: string, spec: Spec, upper: boolean): string {
  const bytes = Buffer.from(text, 'utf8').subarray(0, spec.precision);
  const prefix = spec.sharp ? (upper ? '0X' : '0x') : '';
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const hex = upper ? pairs.map((pair) => pair.toUpperCase()) : pairs;
  if (hex.length === 0) return '';
  return spec.space ? hex.map((pair) => prefix + pair).join(' ') : prefix + hex.join('');
}

const BASES: Record<string, { base: number; prefix: string }> = {
  b: { base: 2, prefix: '0b' },
  o: { base: 8, prefix: '0' },
  O: { base: 8, prefix: '0o' },
  d: { base: 10, prefix: '' },
  v: { base: 10, prefix: '' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
};

function integerText(verb: string, spec: Spec, value: bigint): string | undefined {
  if (verb === 'c') return pad(characterOf(value), spec);
  if (verb === 'q') return pad(quoteCharacter(Number(value), spec.plus), spec);
  if (verb === 'U') return pad(unicodeText(value, spec), { ...spec, zero: false });
  const base = Object.hasOwn(BASES, verb) ? BASES[verb] : undefined;
  if (base === undefined) return undefined;
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString(base.base);
  if (verb === 'X') digits = digits.toUpperCase();
  const sign = negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';
  if (spec.precision !== undefined) {
    if (spec.precision === 0 && value === 0n) return ' '.repeat(spec.width ?? 0);
    digits = digits.padStart(spec.precision, '0');
  } else if (spec.zero && !spec.minus && spec.width !== undefined) {
    digits = digits.padStart(spec.width - sign.length, '0');
  }
  let prefix = '';
  if (verb === 'O') prefix = base.prefix;
  else if (spec.sharp && !(verb === 'o' && digits.startsWith('0'))) prefix = base.prefix;
  return pad(sign + prefix + digits, { ...spec, zero: false });
}

function characterOf(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return valid ? String.fromCodePoint(Number(value)) : '\ufffd';
}

function unicodeText(value: bigint, spec: Spec): string {
  const hex = BigInt.asUintN(64, value)
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, spec.precision ?? 0), '0');
  return `U+${hex}${spec.sharp && value <= 0x10ffffn ? ` '${characterOf(value)}'` : ''}`;
}

function floatVerb(verb: string, spec: Spec, value: number): string | undefined {
  if (!/[vbgGxXfFeE]/.test(verb)) return undefined;
  if (!Number.isFinite(value)) return numberPad(withSign(floatText(value), spec), spec, false);
  const lower = verb.toLowerCase();
  let text: string;
  if (lower === 'f') text = fixed(value, spec.precision ?? 6);
  else if (lower === 'e') text = exponential(value, spec.precision ?? 6);
  else if (lower === 'x') text = hexFloat(value, spec.precision);
  else if (verb === 'b') return undefined;
  else text = general(value, spec.precision);
  if (verb !== lower) text = text.toUpperCase();
  return numberPad(withSign(text, spec), spec);
}

function fixed(value: number, precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size < 1e21 && precision <= 100) return sign + size.toFixed(precision);
  if (size >= 1e21) return `${sign}${BigInt(size)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  return `${sign}${size.toFixed(100)}${'0'.repeat(precision - 100)}`;
}

function exponential(value: number, precision: number): string {
  const shown = Math.min(precision, 100);
  const [mantissa = '', exponent = '0'] = value.toExponential(shown).split('e');
  const zeros = '0'.repeat(precision - shown);
  return `${Object.is(value, -0) ? '-' : ''}${mantissa}${zeros}e${exponentSuffix(Number(exponent))}`;
}

/** %g with a precision: that many significant digits, trailing zeros dropped. */
function general(value: number, precision: number | undefined): string {
  if (precision === undefined || value === 0) return floatText(value);
  const significant = Math.min(Math.max(precision, 1), 100);
  const [rawMantissa = '', exponentText = '0'] = value.toExponential(significant - 1).split('e');
  const mantissa = rawMantissa.includes('.') ? rawMantissa.replace(/\.?0+$/, '') : rawMantissa;
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= significant) return `${mantissa}e${exponentSuffix(exponent)}`;
  const decimals = Math.max(0, mantissa.replace(/[-.]/g, '').length - 1 - exponent);
  return fixed(value, decimals);
}

function hexFloat(value: number, precision: number | undefined): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  let exponent = size === 0 ? 0 : Math.floor(Math.log2(size));
  while (size !== 0 && size / 2 ** exponent >= 2) exponent++;
  while (size !== 0 && size / 2 ** exponent < 1) exponent--;
  let bits = size === 0 ? 0n : BigInt(Math.round((size / 2 ** exponent) * 2 ** 52));
  let digits = 13;
  if (precision !== undefined && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const half = 1n << (drop - 1n);
    const rest = bits & ((1n << drop) - 1n);
    bits >>= drop;
    if (rest > half || (rest === half && bits % 2n === 1n)) bits++;
    digits = precision;
    if (bits >> BigInt(4 * digits) >= 2n) {
      bits >>= 1n;
      exponent++;
    }
  }
  const whole = bits >> BigInt(4 * digits);
  let fraction =
    digits === 0 ? '' : (bits & ((1n << BigInt(4 * digits)) - 1n)).toString(16).padStart(digits, '0');
  fraction = precision === undefined ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0');
  return `${sign}0x${whole}${fraction === '' ? '' : `.${fraction}`}p${exponentSuffix(exponent)}`;
}
