/**
 * Text from a cluster, a pod or a server must not control the terminal: a Lease's holder could set the
 * window's title, clear the screen, or write a line that looks like one of ours.
 * https://cwe.mitre.org/data/definitions/150.html
 */

/** Longest text that is printed, in UTF-16 code units. */
const LONGEST = 4_000;
/** Most lines of a diff that are printed. */
const MOST_LINES = 200;

/** NEL, VT, FF and Unicode's two separators count as line breaks in some programs. */
const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029][\s\u0085]*/g;

/**
 * Controls (C0, DEL, C1), format characters (overrides of the writing direction, what has no width, tags),
 * separators, halves of a surrogate pair, and characters that show nothing.
 * https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const NOT_SHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * One line in which every character shows: line breaks are folded, invisible
 * characters are escaped, and text beyond `longest` is cut with a count.
 */
export function printable(text: string, longest: number = LONGEST): string {
  const [kept, left] = cut(text, longest);
  const line = kept.replace(LINE_BREAK, ' ').replaceAll('\t', ' ').replace(NOT_SHOWN, escaped);
  return left === 0 ? line : `${line}… (${left.toLocaleString('en-US')} more characters)`;
}

/**
 * Several lines, each made printable. A text from outside within a line must go through `printable` first.
 */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

/**
 * An error's message: one line, and below it a diff if it brings one.
 * Only what is marked as a line of a diff keeps its line break.
 */
export function printableMessage(text: string): string {
  const lines = text.split(/\n(?= {3}[-+ ] )/);
  const left = lines.length - MOST_LINES;
  const shown = lines.slice(0, MOST_LINES).map((line) => printable(line));
  return [...shown, ...(left > 0 ? [`   … (${left.toLocaleString('en-US')} more lines)`] : [])].join('\n');
}

/**
 * What `JSON.stringify` gives, and the same value when parsed; control
 * characters are escaped within the strings.
 */
export function printableJson(
  value: object,
  replacer?: (key: string, value: unknown) => unknown,
  space?: number,
): string {
  return JSON.stringify(value, replacer, space).replace(NOT_SHOWN, (character) =>
    // Between the values, where line breaks are JSON's own; within a string they are escaped already.
    character === '\n' ? character : codeUnits(character).map(escapedUnit).join(''),
  );
}

/** For `JSON.stringify`: every text printable, for pages and files that show it to people. */
export function printableStrings(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? printable(value) : value;
}

function cut(text: string, longest: number): [kept: string, left: number] {
  if (text.length <= longest) return [text, 0];
  // Not between the halves of a surrogate pair.
  const last = text.charCodeAt(longest - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? longest - 1 : longest;
  return [text.slice(0, end), text.length - end];
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : escapedUnit(code);
}

const codeUnits = (text: string): number[] =>
  Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));

const escapedUnit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
