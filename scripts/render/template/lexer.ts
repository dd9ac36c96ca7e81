import type { Source } from './source.ts';

/** Kinds of token. `space` is one, because `.a .b` and `.a.b` differ by it. */
export type TokenKind =
  | 'error'
  | 'eof'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'field'
  | 'variable'
  | 'number'
  | 'complex'
  | 'charConstant'
  | 'string'
  | 'rawString'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'assign'
  | 'declare'
  | 'char';

export interface Token {
  kind: TokenKind;
  text: string;
  offset: number;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);
const WORD_CHARACTER = /[\p{L}\p{Nd}_]/u;

// Trimming and separating know these four only: a no-break space is text.
const isSpace = (char: string | undefined): boolean =>
  char === ' ' || char === '\t' || char === '\r' || char === '\n';
const isWordCharacter = (char: string | undefined): boolean =>
  char !== undefined && WORD_CHARACTER.test(char);

/** `U+0040 '@'`, as Go names a character in an error. */
export function describeCharacter(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char) ? `U+${hex} '${char}'` : `U+${hex}`;
}

/**
 * Splits a template into tokens. A lexical error is the last token: the tokens before it are parsed first.
 */
export function tokenize(source: Source): Token[] {
  return new Lexer(source.text).run();
}

class Lexer {
  private readonly input: string;
  private readonly tokens: Token[] = [];
  private position = 0;
  private parenDepth = 0;

  constructor(input: string) {
    this.input = input;
  }

  run(): Token[] {
    let going = true;
    while (going) going = this.textThenAction();
    return this.tokens;
  }

  private emit(kind: TokenKind, start: number): void {
    this.tokens.push({ kind, text: this.input.slice(start, this.position), offset: start });
  }

  private fail(message: string, offset: number): false {
    this.tokens.push({ kind: 'error', text: message, offset });
    return false;
  }

  /** Reads text up to an action and the action itself; false at the end of input or after an error. */
  private textThenAction(): boolean {
    const start = this.position;
    const open = this.input.indexOf('{{', start);
    const end = open === -1 ? this.input.length : open;
    const trims = open !== -1 && this.input[open + 2] === '-' && isSpace(this.input[open + 3]);
    let textEnd = end;
    if (trims) while (textEnd > start && isSpace(this.input[textEnd - 1])) textEnd--;
    if (textEnd > start) {
      this.position = textEnd;
      this.emit('text', start);
    }
    this.position = end;
    if (open === -1) {
      this.emit('eof', end);
      return false;
    }
    const inner = open + (trims ? 4 : 2);
    if (this.input.startsWith('/*', inner)) return this.comment(open, inner);
    this.position = open + 2;
    this.emit('leftDelim', open);
    this.position = trims ? open + 3 : open + 2;
    this.parenDepth = 0;
    return this.action(open);
  }

  private comment(open: number, start: number): boolean {
    const close = this.input.indexOf('*/', start + 2);
    if (close === -1) return this.fail('unclosed comment', open);
    const after = close + 2;
    if (this.input.startsWith('}}', after)) {
      this.position = after + 2;
    } else if (this.atTrimmedRightDelim(after)) {
      this.position = after + 4;
      this.skipSpaces();
    } else {
      return this.fail('comment ends before closing delimiter', open);
    }
    return true;
  }

  private skipSpaces(): void {
    while (isSpace(this.input[this.position])) this.position++;
  }

  private atTrimmedRightDelim(at: number): boolean {
    return isSpace(this.input[at]) && this.input.startsWith('-}}', at + 1);
  }

  /** Reads tokens until the action is closed. */
  private action(open: number): boolean {
    for (;;) {
      const start = this.position;
      const char = this.charAt(start);
      if (this.atTrimmedRightDelim(start) || this.input.startsWith('}}', start)) {
        if (this.parenDepth > 0) return this.fail('unclosed left paren', start);
        const trims = char !== '}';
        this.position = start + (trims ? 4 : 2);
        this.emit('rightDelim', start);
        if (trims) this.skipSpaces();
        return true;
      }
      if (char === undefined) return this.fail('unclosed action', open);
      if (isSpace(char)) {
        while (isSpace(this.input[this.position]) && !this.atTrimmedRightDelim(this.position))
          this.position++;
        this.emit('space', start);
      } else if (!this.word(start, char)) {
        return false;
      }
    }
  }

  private charAt(at: number): string | undefined {
    const code = this.input.codePointAt(at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  private single(kind: TokenKind, length = 1): true {
    const start = this.position;
    this.position = start + length;
    this.emit(kind, start);
    return true;
  }

  private word(start: number, char: string): boolean {
    switch (char) {
      case '=':
        return this.single('assign');
      case ':':
        return this.input[start + 1] === '=' ? this.single('declare', 2) : this.fail('expected :=', start);
      case '|':
        return this.single('pipe');
      case '"':
        return this.quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.quoted("'", 'charConstant', 'unterminated character constant');
      case '`':
        return this.rawString(start);
      case '$':
        return this.name('variable', start);
      case '(':
        this.parenDepth++;
        return this.single('leftParen');
      case ')':
        if (this.parenDepth === 0) return this.fail('unexpected right paren', start);
        this.parenDepth--;
        return this.single('rightParen');
    }
    if (char === '.' && !/[0-9]/.test(this.input[start + 1] ?? '')) return this.name('field', start);
    if (/[.+\-0-9]/.test(char)) return this.number(start);
    if (isWordCharacter(char)) return this.identifier(start);
    if (/[!-~]/.test(char)) return this.single('char');
    return this.fail(`unrecognized character in action: ${describeCharacter(char)}`, start);
  }

  private quoted(quote: string, kind: TokenKind, unterminated: string): boolean {
    const start = this.position;
    let at = start + 1;
    for (;;) {
      const char = this.input[at];
      if (char === '\\' && at + 1 < this.input.length && this.input[at + 1] !== '\n') at += 2;
      else if (char === undefined || char === '\n' || char === '\\') return this.fail(unterminated, start);
      else if (char === quote) break;
      else at++;
    }
    this.position = at + 1;
    this.emit(kind, start);
    return true;
  }

  private rawString(start: number): boolean {
    const close = this.input.indexOf('`', start + 1);
    if (close === -1) return this.fail('unterminated raw quoted string', start);
    this.position = close + 1;
    this.emit('rawString', start);
    return true;
  }

  private takeWord(): void {
    for (;;) {
      const char = this.charAt(this.position);
      if (char === undefined || !isWordCharacter(char)) return;
      this.position += char.length;
    }
  }

  /** A name must be followed by something that can end it: `.foo-bar` is a mistake, not a subtraction. */
  private nameIsTerminated(): boolean {
    const char = this.charAt(this.position);
    if (char === undefined || isSpace(char) || '.,|:)('.includes(char)) return true;
    return this.input.startsWith('}}', this.position);
  }

  private finishName(kind: TokenKind, start: number): boolean {
    if (this.nameIsTerminated()) {
      this.emit(kind, start);
      return true;
    }
    const char = this.charAt(this.position) ?? '';
    return this.fail(`bad character ${describeCharacter(char)}`, this.position);
  }

  private name(kind: 'field' | 'variable', start: number): boolean {
    this.position = start + 1;
    if (this.nameIsTerminated()) {
      this.emit(kind === 'field' ? 'dot' : 'variable', start);
      return true;
    }
    this.takeWord();
    return this.finishName(kind, start);
  }

  private identifier(start: number): boolean {
    this.takeWord();
    const word = this.input.slice(start, this.position);
    if (KEYWORDS.has(word)) return this.finishName('keyword', start);
    if (word === 'true' || word === 'false') return this.finishName('bool', start);
    return this.finishName(word === 'nil' ? 'nil' : 'identifier', start);
  }

  private number(start: number): boolean {
    const scanned = this.scanNumber(start);
    const bad = (at: number): false =>
      this.fail(`bad number syntax: "${this.input.slice(start, at)}"`, start);
    if (!scanned) return bad(this.position);
    if (this.input[this.position] === '+' || this.input[this.position] === '-') {
      // Without spaces only a complex number may follow: 1+2i.
      if (!this.scanNumber(this.position) || this.input[this.position - 1] !== 'i') return bad(this.position);
      this.emit('complex', start);
      return true;
    }
    this.emit('number', start);
    return true;
  }

  private scanNumber(start: number): boolean {
    const rest = this.input.slice(start, start + 400);
    const match =
      /^[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/.exec(
        rest,
      );
    this.position = start + (match?.[0].length ?? 0);
    const next = this.charAt(this.position);
    if (isWordCharacter(next)) {
      this.position += next?.length ?? 0;
      return false;
    }
    return true;
  }
}
