import { characters } from './characters.ts';
import { Typed, type Value } from './values.ts';

/** Thrown for invalid literals; the parser adds the position. */
export class LiteralError extends Error {}

const SIMPLE_ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Reads the inside of a Go string or character literal. Byte escapes (\xHH, \NNN) are joined as UTF-8. */
function unescape(body: string, quote: string): string {
  if (!body.includes('\\')) return body;
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) out.push(Buffer.from(bytes).toString('utf8'));
    bytes = [];
  };
  for (let at = 0; at < body.length;) {
    const char = body.charAt(at);
    if (char !== '\\') {
      flush();
      out.push(char);
      at++;
      continue;
    }
    const next = body.charAt(at + 1);
    const simple =
      next === quote ? quote : Object.hasOwn(SIMPLE_ESCAPES, next) ? SIMPLE_ESCAPES[next] : undefined;
    if (simple !== undefined) {
      flush();
      out.push(simple);
      at += 2;
      continue;
    }
    const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
      body.slice(at + 1, at + 10),
    );
    if (code === null) throw new LiteralError('invalid syntax');
    const [whole, byte, short, long, octal] = code;
    if (byte !== undefined) bytes.push(parseInt(byte, 16));
    else if (octal !== undefined) bytes.push(byteOf(parseInt(octal, 8)));
    else {
      flush();
      out.push(characterOf(parseInt(short ?? long ?? '', 16)));
    }
    at += 1 + whole.length;
  }
  flush();
  return out.join('');
}

function byteOf(code: number): number {
  if (code > 255) throw new LiteralError('invalid syntax');
  return code;
}

function characterOf(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new LiteralError('invalid syntax');
  return String.fromCodePoint(code);
}

/** The text of "..." or `...`. In raw strings carriage returns are dropped, as in Go. */
export function unquote(literal: string): string {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  return unescape(literal.slice(1, -1), '"');
}

/** The code point of 'a'. */
export function readCharConstant(literal: string): bigint {
  const body = literal.slice(1, -1);
  const single = /^\\x([0-9a-fA-F]{2})$|^\\([0-7]{3})$/.exec(body);
  if (single !== null) {
    const [, hex, octal] = single;
    return BigInt(hex === undefined ? byteOf(parseInt(octal ?? '', 8)) : parseInt(hex, 16));
  }
  const chars = characters(unescape(body, "'"));
  if (chars.length !== 1 || body === "'") throw new LiteralError(`malformed character constant: ${literal}`);
  return BigInt(chars[0]?.codePointAt(0) ?? 0);
}

/** A number literal as integer and as float: the place of use decides. */
export interface NumberLiteral {
  /** The value as an operand of no particular type. */
  value: Value;
  /** Set when the literal can serve where an integer is asked for. */
  integer?: bigint;
  /** Set when the literal can serve where a float is asked for. */
  float?: number;
  /** An integer too large for Go's int: an error only when it is used. */
  overflows?: boolean;
}

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/**
 * Reads Go's number syntax: decimal, 0x, 0o, 0b, leading-zero octal, underscores, floats, hexadecimal floats.
 */
export function readNumber(text: string): NumberLiteral {
  const illegal = new LiteralError(`illegal number syntax: "${text}"`);
  if (/i$/.test(text)) throw new LiteralError(`complex numbers are not supported: ${text}`);
  const integer = readInteger(text);
  const isFloatSyntax = /^[+-]?0[xX]/.test(text) ? /[pP]/.test(text) : /[.eE]/.test(text);
  if (integer !== undefined && !isFloatSyntax) {
    if (integer > MAX_INT || integer < MIN_INT) {
      if (integer > MAX_UINT || integer < 0n) throw new LiteralError(`integer overflow: "${text}"`);
      return { value: 0n, float: Number(integer), overflows: true };
    }
    return { value: integer, integer, float: Number(integer) };
  }
  const float = readFloat(text);
  if (float === undefined || !Number.isFinite(float)) throw illegal;
  // 08 is no octal number, and a number without point or exponent is no float.
  if (!isFloatSyntax) throw new LiteralError(`integer overflow: "${text}"`);
  const value = new Typed('float64', float);
  if (Number.isInteger(float) && Math.abs(float) < 2 ** 63) return { value, integer: BigInt(float), float };
  return { value, float };
}

function readInteger(text: string): bigint | undefined {
  const match = /^([+-]?)(0[xX]_?|0[oO]_?|0[bB]_?|0_?(?=[0-9_]))?([0-9a-fA-F_]+)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, prefix = '', digits = ''] = match;
  // Underscores stand between digits, and only where a prefix names the base or Go 1.13 allows them.
  if (digits.startsWith('_') || digits.endsWith('_') || digits.includes('__')) return undefined;
  const base = basePrefix(prefix);
  const plain = digits.replaceAll('_', '');
  if (!base.digits.test(plain)) return undefined;
  const value = BigInt(base.prefix + plain);
  return sign === '-' ? -value : value;
}

function basePrefix(prefix: string): { prefix: string; digits: RegExp } {
  const letter = prefix.charAt(1).toLowerCase();
  if (letter === 'x') return { prefix: '0x', digits: /^[0-9a-fA-F]+$/ };
  if (letter === 'b') return { prefix: '0b', digits: /^[01]+$/ };
  if (prefix !== '') return { prefix: '0o', digits: /^[0-7]+$/ };
  return { prefix: '', digits: /^[0-9]+$/ };
}

function readFloat(text: string): number | undefined {
  const hex = /^([+-]?)0[xX]_?([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?[0-9]+)$/.exec(text);
  if (hex !== null) {
    const [, sign, whole = '', fraction = '', exponent = '0'] = hex;
    const digits = (whole + fraction).replaceAll('_', '');
    if (digits === '') return undefined;
    const scale = Number(exponent) - 4 * fraction.replaceAll('_', '').length;
    return (sign === '-' ? -1 : 1) * Number(`0x${digits}`) * 2 ** scale;
  }
  if (!/^[+-]?(?:[0-9]|\.[0-9])[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?$/.test(text)) return undefined;
  if (/__|_(?![0-9])|(?<![0-9])_/.test(text)) return undefined;
  return Number(text.replaceAll('_', ''));
}
