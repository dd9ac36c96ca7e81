const ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

// What Go's strconv.IsPrint accepts: letters, marks, numbers, punctuation, symbols and the ASCII space.
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function escapeCharacter(char: string, delimiter: string, asciiOnly: boolean): string {
  if (char === delimiter) return `\\${char}`;
  const short = ESCAPES[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  if (PRINTABLE.test(char) && (!asciiOnly || code < 0x80)) return char;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/** A Go string literal of the text, as %q prints it. */
export function quote(text: string, asciiOnly = false): string {
  let out = '"';
  for (const char of text) out += escapeCharacter(char, '"', asciiOnly);
  return `${out}"`;
}

/** A Go character literal, as %q prints an integer. */
export function quoteCharacter(code: number, asciiOnly = false): string {
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return `'${escapeCharacter(String.fromCodePoint(valid ? code : 0xfffd), "'", asciiOnly)}'`;
}
