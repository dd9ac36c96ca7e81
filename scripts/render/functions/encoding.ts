import { characters } from '../template/characters.ts';
import { createHash } from 'node:crypto';
import { fn, type TemplateFunction } from '../template/functions.ts';
import { toJson, toPrettyJson } from './json.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32Encode(text: string): string {
  let bits = '';
  for (const byte of Buffer.from(text)) bits += byte.toString(2).padStart(8, '0');
  let out = '';
  for (let at = 0; at < bits.length; at += 5) {
    out += BASE32.charAt(parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2));
  }
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=');
}

// The number of padding characters that can end a text in base 32, and the digits left then.
const BASE32_TAILS: Record<number, number> = { 2: 6, 4: 4, 5: 3, 7: 1, 8: 0 };

function base32Decode(text: string): string {
  const clean = text.replace(/[\r\n]/g, '');
  const digits = clean.replace(/=*$/, '');
  const bad = characters(digits).findIndex((char) => !BASE32.includes(char));
  if (bad !== -1) return `illegal base32 data at input byte ${bad}`;
  const tail = digits.length % 8 === 0 ? 8 : digits.length % 8;
  const padding = clean.length - digits.length;
  if (digits !== '' && BASE32_TAILS[tail] !== padding) {
    const at = padding === 0 ? digits.length - (digits.length % 8) : clean.length;
    return `illegal base32 data at input byte ${at}`;
  }
  const bits = characters(digits)
    .map((char) => BASE32.indexOf(char).toString(2).padStart(5, '0'))
    .join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte, 2))).toString('utf8');
}

/** Strict base64; as in sprig, an error is returned as the result. */
function base64Decode(text: string): string {
  const clean = text.replace(/[\r\n]/g, '');
  for (let at = 0; at < clean.length; at += 4) {
    const quantum = clean.slice(at, at + 4);
    if (/^[A-Za-z0-9+/]{4}$/.test(quantum)) continue;
    const problem = base64Problem(quantum, at + 4 >= clean.length);
    if (problem !== undefined) return `illegal base64 data at input byte ${at + problem}`;
  }
  return Buffer.from(clean, 'base64').toString('utf8');
}

/** Where in four characters the mistake is; padding may stand at the very end only. */
function base64Problem(quantum: string, isLast: boolean): number | undefined {
  const digits = /^[A-Za-z0-9+/]*/.exec(quantum)?.[0].length ?? 0;
  if (digits === quantum.length) return 0;
  if (quantum.charAt(digits) !== '=' || digits < 2) return digits;
  const padding = quantum.slice(digits);
  if (padding !== '='.repeat(4 - digits)) return digits + (padding.length > 1 ? 1 : padding.length);
  return isLast ? undefined : 4;
}

function adler32(text: string): string {
  let a = 1;
  let b = 0;
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return String(b * 65536 + a);
}

const hash = (algorithm: string): TemplateFunction =>
  fn(['string'], ([text]) => createHash(algorithm).update(text).digest('hex'));

export const encodingFunctions: Array<[string, TemplateFunction]> = [
  ['b64enc', fn(['string'], ([text]) => Buffer.from(text).toString('base64'))],
  ['b64dec', fn(['string'], ([text]) => base64Decode(text))],
  ['b32enc', fn(['string'], ([text]) => base32Encode(text))],
  ['b32dec', fn(['string'], ([text]) => base32Decode(text))],
  ['sha1sum', hash('sha1')],
  ['sha256sum', hash('sha256')],
  ['adler32sum', fn(['string'], ([text]) => adler32(text))],
  ['json', fn(['any'], ([value]) => toJson(value))],
  ['toJson', fn(['any'], ([value]) => toJson(value))],
  ['toPrettyJson', fn(['any'], ([value]) => toPrettyJson(value))],
];
