import { characters } from '../template/characters.ts';
import { fn, type TemplateFunction } from '../template/functions.ts';
import { SPACE, bytesOf, lower, upper } from './text.ts';

const IS_SPACE = new RegExp(`^[${SPACE}]$`, 'u');
const isUpper = (char: string): boolean => /^\p{Lu}$/u.test(char);
const isNumber = (char: string): boolean => /^\p{N}$/u.test(char);
const isConnector = (char: string): boolean => char === ' ' || char === '-' || char === '_';

/** Capitalizes every word; words are separated by what is neither letter, digit nor underscore. */
function title(text: string): string {
  let previous = ' ';
  let out = '';
  for (const char of text) {
    // Beyond ASCII only spaces separate.
    const separates = previous < '\x80' ? !/[A-Za-z0-9_]/.test(previous) : IS_SPACE.test(previous);
    out += separates ? upper(char) : char;
    previous = char;
  }
  return out;
}

/** Applies a change to the first character of every word. */
function firstOfWords(text: string, change: (char: string) => string): string {
  let first = true;
  let out = '';
  for (const char of text) {
    const isSpace = IS_SPACE.test(char);
    out += first && !isSpace ? change(char) : char;
    first = isSpace;
  }
  return out;
}

function swapCase(text: string): string {
  let wordStart = true;
  let out = '';
  for (const char of text) {
    if (/^[\p{Lu}\p{Lt}]$/u.test(char)) {
      out += lower(char);
      wordStart = false;
    } else if (/^\p{Ll}$/u.test(char)) {
      out += upper(char);
      wordStart = false;
    } else {
      out += char;
      wordStart = IS_SPACE.test(char);
    }
  }
  return wordStart ? out : out;
}

/** `some_name` to `SomeName`: underscores at the ends and repeated ones stay. */
function camelCase(text: string): string {
  const chars = characters(text);
  const leading = chars.findIndex((char) => char !== '_');
  if (leading === -1) return text;
  let out = '_'.repeat(leading);
  let before = upper(chars[leading] ?? '');
  for (const char of chars.slice(leading + 1)) {
    if (before === '_' && char === '_') {
      out += before;
      continue;
    }
    const current = before === '_' ? upper(char) : lower(char);
    if (before !== '_') out += before;
    before = current;
  }
  return out + before;
}

/**
 * `HTTPServer20x` to `http_server_20x`: a connector before a capital that begins a word, before digits, and
 * in place of space, hyphen and underscore.
 */
function connectWords(text: string, connector: string): string {
  const chars = characters(text);
  let out = '';
  let previous = connector;
  for (let at = 0; at < chars.length;) {
    const char = chars[at] ?? '';
    if (!isUpper(char)) {
      if (isNumber(char) && previous !== connector && !isNumber(previous)) out += connector;
      previous = isConnector(char) ? connector : char;
      out += previous;
      at++;
      continue;
    }
    if (previous !== connector && !isNumber(previous)) out += connector;
    const run = capitalRun(chars, at);
    const [text, last] = writeRun(chars.slice(at, at + run), connector);
    out += text;
    previous = last;
    at += run;
  }
  return out;
}

/** How many characters belong to a run of capitals: with the one after it, which tells how the run ends. */
function capitalRun(chars: readonly string[], start: number): number {
  let end = start;
  while (end < chars.length && isUpper(chars[end] ?? '')) end++;
  return Math.min(end + 1, chars.length) - start;
}

function writeRun(run: readonly string[], connector: string): [string, string] {
  const last = run.at(-1) ?? '';
  const capitals = isUpper(last) ? run : run.slice(0, -1);
  const small = capitals.map(lower);
  if (isUpper(last)) return [small.join(''), last];
  // A single capital begins its own word, whatever follows.
  if (capitals.length === 1) return [`${small.join('')}${last}`, last];
  if (isConnector(last)) return [`${small.join('')}${connector}`, connector];
  if (isNumber(last)) return [`${small.join('')}${connector}${last}`, last];
  // Of several capitals the last one begins the next word: HTTPServer is http and server.
  const split = small.length - 1;
  return [`${small.slice(0, split).join('')}${connector}${small[split] ?? ''}${last}`, last];
}

/** Breaks at spaces so that lines have at most `width` bytes; longer words are cut when `cut` is set. */
function wrap(text: string, width: number, newLine: string, cut: boolean): string {
  const bytes = Buffer.from(text);
  const limit = Math.max(1, width);
  const separator = newLine === '' ? '\n' : newLine;
  const part = (from: number, to: number): string => bytes.subarray(from, to).toString('utf8');
  let out = '';
  let at = 0;
  while (bytes.length - at > limit) {
    if (bytes[at] === 0x20) {
      at++;
      continue;
    }
    const space = bytes.subarray(at, at + limit + 1).lastIndexOf(0x20);
    if (space >= 0) {
      out += part(at, at + space) + separator;
      at += space + 1;
      continue;
    }
    const next = cut ? -1 : bytes.indexOf(0x20, at + limit);
    if (cut) {
      out += part(at, at + limit) + separator;
      at += limit;
    } else if (next === -1) {
      break;
    } else {
      out += part(at, next) + separator;
      at = next + 1;
    }
  }
  return out + part(at, bytes.length);
}

const ELLIPSIS = '...';

/** Shortens from `offset` on to at most `width` bytes, with an ellipsis where something is left out. */
function abbreviate(text: string, offset: number, width: number): string {
  const length = Buffer.byteLength(text);
  if (length <= width) return text;
  const keep = width - ELLIPSIS.length;
  const from = Math.min(offset, length, Math.max(offset > length - keep ? length - keep : offset, 0));
  if (from <= 4) return bytesOf(text, 0, keep) + ELLIPSIS;
  if (width < 7) return '';
  if (from + keep < length) return ELLIPSIS + abbreviate(bytesOf(text, from, length), 0, keep);
  return ELLIPSIS + bytesOf(text, length - keep, length);
}

export const wordFunctions: Array<[string, TemplateFunction]> = [
  ['title', fn(['string'], ([text]) => title(text))],
  ['untitle', fn(['string'], ([text]) => firstOfWords(text, lower))],
  ['swapcase', fn(['string'], ([text]) => swapCase(text))],
  [
    'initials',
    fn(['string'], ([text]) => {
      let out = '';
      firstOfWords(text, (char) => (out += char));
      return out;
    }),
  ],
  ['camelcase', fn(['string'], ([text]) => camelCase(text))],
  ['snakecase', fn(['string'], ([text]) => connectWords(text, '_'))],
  ['kebabcase', fn(['string'], ([text]) => connectWords(text, '-'))],
  ['wrap', fn(['int', 'string'], ([width, text]) => wrap(text, Number(width), '', false))],
  [
    'wrapWith',
    fn(['int', 'string', 'string'], ([width, newLine, text]) => wrap(text, Number(width), newLine, true)),
  ],
  [
    'abbrev',
    fn(['int', 'string'], ([width, text]) => (width < 4n ? text : abbreviate(text, 0, Number(width)))),
  ],
  [
    'abbrevboth',
    fn(['int', 'int', 'string'], ([left, right, text]) =>
      right < 4n || (left > 0n && right < 7n) ? text : abbreviate(text, Number(left), Number(right)),
    ),
  ],
];
