import { characters } from '../template/characters.ts';
import { FunctionError } from '../template/errors.ts';

/** A set of characters as inclusive ranges of code points. */
export type Ranges = ReadonlyArray<readonly [number, number]>;

export type PatternNode =
  | { kind: 'set'; test: (code: number) => boolean }
  | { kind: 'assert'; what: 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'notWord' }
  | { kind: 'group'; index: number; name: string | undefined; body: PatternNode }
  | { kind: 'sequence'; parts: PatternNode[] }
  | { kind: 'alternatives'; choices: PatternNode[] }
  | { kind: 'repeat'; body: PatternNode; min: number; max: number; greedy: boolean };

export interface ParsedPattern {
  root: PatternNode;
  groups: number;
  names: Map<string, number>;
}

interface Flags {
  ignoreCase: boolean;
  multiLine: boolean;
  dotAll: boolean;
  swapGreed: boolean;
}

const MAX_REPEAT = 1000;
const MAX_NESTING = 200;
const DIGIT: Ranges = [[0x30, 0x39]];
const SPACE: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const LOWER: Ranges = [[0x61, 0x7a]];
const UPPER: Ranges = [[0x41, 0x5a]];
const POSIX_CLASSES: Record<string, Ranges> = {
  alnum: [...DIGIT, ...UPPER, ...LOWER],
  alpha: [...UPPER, ...LOWER],
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGIT,
  graph: [[0x21, 0x7e]],
  lower: LOWER,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: UPPER,
  word: WORD,
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};
const ESCAPED_CHARACTERS: Record<string, number> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

type Test = (code: number) => boolean;
const inRanges =
  (ranges: Ranges): Test =>
  (code) =>
    ranges.some(([low, high]) => code >= low && code <= high);
const negate =
  (test: Test): Test =>
  (code) =>
    !test(code);

/** Other spellings of a character that count as the same when case is ignored. */
function foldings(code: number): number[] {
  const char = String.fromCodePoint(code);
  const others = [char.toLowerCase(), char.toUpperCase()];
  if (code === 0x73 || code === 0x53) others.push('\u017f');
  if (code === 0x6b || code === 0x4b) others.push('\u212a');
  return others.filter((each) => characters(each).length === 1).map((each) => each.codePointAt(0) ?? code);
}

const foldCase =
  (test: Test): Test =>
  (code) =>
    test(code) || foldings(code).some(test);

/** Reads Go's regular expression syntax (RE2): no look-around, no back-references. */
export function parsePattern(source: string): ParsedPattern {
  return new PatternParser(source).parse();
}

class PatternParser {
  private readonly source: string;
  private at = 0;
  private groups = 0;
  private nesting = 0;
  private readonly names = new Map<string, number>();
  private flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false, swapGreed: false };

  constructor(source: string) {
    this.source = source;
  }

  parse(): ParsedPattern {
    const root = this.alternatives();
    if (this.at < this.source.length) this.fail('unexpected )', this.source);
    return { root, groups: this.groups, names: this.names };
  }

  private fail(what: string, part: string): never {
    throw new FunctionError(`error parsing regexp: ${what}: \`${part}\``);
  }

  private peek(): string | undefined {
    const code = this.source.codePointAt(this.at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private alternatives(): PatternNode {
    const choices = [this.sequence()];
    while (this.take('|')) choices.push(this.sequence());
    const [only] = choices;
    return choices.length === 1 && only !== undefined ? only : { kind: 'alternatives', choices };
  }

  private sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      const char = this.peek();
      if (char === undefined || char === '|' || char === ')') return { kind: 'sequence', parts };
      if (this.take('\\Q')) {
        parts.push(...this.literalText());
        continue;
      }
      const start = this.at;
      if ('*+?'.includes(char)) this.fail('missing argument to repetition operator', char);
      const atom = this.atom(char);
      if (atom !== undefined) parts.push(this.repeated(atom, start));
    }
  }

  private literalText(): PatternNode[] {
    const end = this.source.indexOf('\\E', this.at);
    const text = this.source.slice(this.at, end === -1 ? undefined : end);
    this.at = end === -1 ? this.source.length : end + 2;
    return characters(text).map((char) => this.literal(char.codePointAt(0) ?? 0));
  }

  private literal(code: number): PatternNode {
    const exact: Test = (other) => other === code;
    return { kind: 'set', test: this.flags.ignoreCase ? foldCase(exact) : exact };
  }

  private repeated(atom: PatternNode, start: number): PatternNode {
    let node = atom;
    let before = '';
    for (;;) {
      const operatorStart = this.at;
      const bounds = this.bounds();
      if (bounds === undefined) return node;
      const lazy = this.take('?');
      const operator = this.source.slice(operatorStart, this.at);
      if (before !== '') this.fail('invalid nested repetition operator', before + operator);
      before = operator;
      const [min, max] = bounds;
      if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || min > max))) {
        this.fail('invalid repeat count', this.source.slice(operatorStart, this.at));
      }
      if (this.at - start > 100_000) this.fail('expression too large', '...');
      node = { kind: 'repeat', body: node, min, max, greedy: lazy === this.flags.swapGreed };
    }
  }

  private bounds(): [number, number] | undefined {
    if (this.take('*')) return [0, Infinity];
    if (this.take('+')) return [1, Infinity];
    if (this.take('?')) return [0, 1];
    const match = /^\{([0-9]{1,9})(,([0-9]{0,9}))?\}/.exec(this.source.slice(this.at, this.at + 24));
    if (match === null) return undefined;
    const [whole, min = '0', comma, max = ''] = match;
    this.at += whole.length;
    return [Number(min), comma === undefined ? Number(min) : max === '' ? Infinity : Number(max)];
  }

  private atom(char: string): PatternNode | undefined {
    switch (char) {
      case '(':
        return this.group();
      case '[':
        return this.set();
      case '.': {
        this.at++;
        const { dotAll } = this.flags;
        return { kind: 'set', test: (code) => dotAll || code !== 10 };
      }
      case '^':
        this.at++;
        return { kind: 'assert', what: this.flags.multiLine ? 'lineStart' : 'textStart' };
      case '$':
        this.at++;
        return { kind: 'assert', what: this.flags.multiLine ? 'lineEnd' : 'textEnd' };
      case '\\':
        return this.escape();
      default:
        this.at += char.length;
        return this.literal(char.codePointAt(0) ?? 0);
    }
  }

  private group(): PatternNode | undefined {
    const start = this.at;
    this.at++;
    const outer = { ...this.flags };
    let index = 0;
    let name: string | undefined;
    if (this.take('?')) {
      const named = /^P?<([A-Za-z0-9_]+)>/.exec(this.source.slice(this.at));
      if (named !== null) {
        this.at += named[0].length;
        name = named[1];
        index = ++this.groups;
        if (this.names.has(name ?? '')) this.fail('duplicate capture group name', name ?? '');
        this.names.set(name ?? '', index);
      } else if (!this.setFlags(start)) {
        return undefined;
      }
    } else {
      index = ++this.groups;
    }
    if (++this.nesting > MAX_NESTING) this.fail('expression nests too deeply', this.source.slice(0, 20));
    const body = this.alternatives();
    this.nesting--;
    if (!this.take(')')) this.fail('missing closing )', this.source);
    this.flags = outer;
    return index === 0 ? body : { kind: 'group', index, name, body };
  }

  /** `(?i)` changes the flags from here on, `(?i:...)` inside the group: true when a body follows. */
  private setFlags(start: number): boolean {
    const match = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.source.slice(this.at));
    if (match === null || (match[1] === '' && match[2] === undefined && match[3] === ')')) {
      return this.fail('invalid or unsupported Perl syntax', this.source.slice(start, start + 4));
    }
    const [whole, on = '', off = '', end] = match;
    this.at += whole.length;
    this.flags = { ...this.flags };
    for (const [letters, value] of [
      [on, true],
      [off, false],
    ] as const) {
      if (letters.includes('i')) this.flags.ignoreCase = value;
      if (letters.includes('m')) this.flags.multiLine = value;
      if (letters.includes('s')) this.flags.dotAll = value;
      if (letters.includes('U')) this.flags.swapGreed = value;
    }
    return end === ':';
  }

  private escape(): PatternNode {
    const letter = this.source[this.at + 1];
    switch (letter) {
      case 'A':
        this.at += 2;
        return { kind: 'assert', what: 'textStart' };
      case 'z':
        this.at += 2;
        return { kind: 'assert', what: 'textEnd' };
      case 'b':
      case 'B':
        this.at += 2;
        return { kind: 'assert', what: letter === 'b' ? 'word' : 'notWord' };
      case 'C':
        this.at += 2;
        return { kind: 'set', test: () => true };
    }
    const test = this.classEscape();
    if (test !== undefined) return { kind: 'set', test: this.flags.ignoreCase ? foldCase(test) : test };
    return this.literal(this.escapedCharacter());
  }

  /** \d, \pL and the like, or undefined when something else is escaped. */
  private classEscape(): Test | undefined {
    const letter = this.source[this.at + 1] ?? '';
    const perl: Record<string, Ranges> = { d: DIGIT, s: SPACE, w: WORD };
    const ranges = perl[letter.toLowerCase()];
    if (ranges !== undefined && /[dswDSW]/.test(letter)) {
      this.at += 2;
      return letter === letter.toLowerCase() ? inRanges(ranges) : negate(inRanges(ranges));
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const match = /^\\[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))/.exec(this.source.slice(this.at));
    if (match === null)
      return this.fail('invalid character class range', this.source.slice(this.at, this.at + 3));
    const [whole, caret, long, short] = match;
    this.at += whole.length;
    const test = unicodeClass(long ?? short ?? '');
    if (test === undefined) return this.fail('invalid character class range', whole);
    return (letter === 'P') !== (caret === '^') ? negate(test) : test;
  }

  private escapedCharacter(): number {
    const rest = this.source.slice(this.at);
    const hex = /^\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    if (hex !== null) {
      this.at += hex[0].length;
      return parseInt(hex[1] ?? hex[2] ?? '', 16);
    }
    const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (octal !== null) {
      this.at += octal[0].length;
      return parseInt(octal[1] ?? '', 8);
    }
    const next = this.source.codePointAt(this.at + 1);
    if (next === undefined) return this.fail('trailing backslash at end of expression', '');
    const char = String.fromCodePoint(next);
    const known = Object.hasOwn(ESCAPED_CHARACTERS, char) ? ESCAPED_CHARACTERS[char] : undefined;
    if (known === undefined && (next >= 0x80 || /[A-Za-z0-9_]/.test(char)))
      this.fail('invalid escape sequence', `\\${char}`);
    this.at += 1 + char.length;
    return known ?? next;
  }

  private set(): PatternNode {
    const start = this.at;
    this.at++;
    const negated = this.take('^');
    const tests: Test[] = [];
    for (let first = true; first || !this.source.startsWith(']', this.at); first = false) {
      if (this.at >= this.source.length) this.fail('missing closing ]', this.source.slice(start));
      tests.push(this.posixClass() ?? this.setItem());
    }
    this.at++;
    const any: Test = (code) => tests.some((test) => test(code));
    const folded = this.flags.ignoreCase ? foldCase(any) : any;
    return { kind: 'set', test: negated ? negate(folded) : folded };
  }

  private posixClass(): Test | undefined {
    const match = /^\[:(\^?)([a-z]+):\]/.exec(this.source.slice(this.at, this.at + 16));
    if (match === null) return undefined;
    const [whole, caret, name = ''] = match;
    const ranges = Object.hasOwn(POSIX_CLASSES, name) ? POSIX_CLASSES[name] : undefined;
    if (ranges === undefined) return this.fail('invalid character class range', whole);
    this.at += whole.length;
    return caret === '^' ? negate(inRanges(ranges)) : inRanges(ranges);
  }

  private setItem(): Test {
    const start = this.at;
    const escaped = this.source[this.at] === '\\' ? this.classEscape() : undefined;
    if (escaped !== undefined) return escaped;
    const low = this.setCharacter();
    if (this.source[this.at] !== '-' || this.source[this.at + 1] === ']') return (code) => code === low;
    this.at++;
    const high = this.setCharacter();
    if (high < low) this.fail('invalid character class range', this.source.slice(start, this.at));
    return (code) => code >= low && code <= high;
  }

  private setCharacter(): number {
    if (this.source[this.at] === '\\') return this.escapedCharacter();
    const code = this.source.codePointAt(this.at);
    if (code === undefined) return this.fail('missing closing ]', this.source);
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }
}

function unicodeClass(name: string): Test | undefined {
  if (name === 'Any') return () => true;
  for (const property of [name, `Script=${name}`]) {
    try {
      const matcher = new RegExp(`^\\p{${property}}$`, 'u');
      return (code) => matcher.test(String.fromCodePoint(code));
    } catch {
      // Not a property of this kind; the next spelling may be.
    }
  }
  return undefined;
}
