/**
 * Random templates of Go's text/template language with random data, the same for the same seed. Most are
 * sound, some are broken on purpose; none needs a function beyond Go's own.
 */
export interface RandomCase {
  template: string;
  values: Record<string, unknown>;
}

/** A small repeatable random source (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = [
  'a',
  'b',
  'c',
  'name',
  'port',
  'list',
  'map',
  'nested',
  'empty',
  'nil',
  'on',
  'x1',
  'constructor',
  'toString',
];
const MISSING = ['nope', 'length', '__proto__', 'hasOwnProperty', 'valueOf', 'prototype'];
const TEXTS = [
  '',
  'a',
  'abc',
  'x y',
  'é',
  '😀',
  '<b>&"\'',
  '10',
  'true',
  ' ',
  '\n',
  'a-b',
  '{{',
  '}}',
  '\\',
  'ﬁ｡',
];
const NUMBERS = [0, 1, 2, 3, -1, 8080, 1.5, 0.1, -2.25, 1e6, 1e-5, 1e21, 999999, 123456789, 2147483647];
const FORMATS = [
  '%v',
  '%d',
  '%s',
  '%q',
  '%5v|',
  '%-6v|',
  '%05d',
  '%x',
  '%t',
  '%T',
  '%.2f',
  '%g',
  '%e',
  '%+v',
  '%#v',
  '%%',
  '%c',
  '%v %v',
  '%[2]v %[1]v',
  '%*d',
  '%z',
  '%',
];

/** One case. About one in eight is broken text rather than a sentence of the grammar. */
export function randomCase(seed: number): RandomCase {
  return new Generator(randomSource(seed)).case();
}

class Generator {
  private readonly random: () => number;
  private variables: string[] = [];
  private defined: string[] = [];
  private inRange = 0;
  /** Blocks around this place that change the dot. */
  private dotChanges = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  case(): RandomCase {
    const values = this.map(3) as Record<string, unknown>;
    let template = '';
    if (this.chance(0.25)) template += this.definition();
    template += this.nodes(3);
    if (this.chance(0.06)) template = this.damaged(template);
    return { template, values };
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  // Data

  private map(depth: number): unknown {
    // The outermost map has nearly every key, so that most templates find what they ask for.
    const keys = depth === 3 ? KEYS.filter(() => this.chance(0.98)) : KEYS.filter(() => this.chance(0.3));
    return Object.fromEntries(keys.map((key) => [key, this.valueFor(key, depth - 1)]));
  }

  /** Keys that are named after a kind of value mostly have it. */
  private valueFor(key: string, depth: number): unknown {
    if (depth > 0 && this.chance(0.9)) {
      if (key === 'list') return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
      if (key === 'map' || key === 'nested') return this.map(depth - 1);
    }
    return this.value(depth);
  }

  private value(depth: number): unknown {
    const kind = this.below(depth > 0 ? 9 : 6);
    if (kind < 2) return this.pick(TEXTS);
    if (kind < 4) return this.pick(NUMBERS);
    if (kind === 4) return this.chance(0.5);
    if (kind === 5) return this.chance(0.5) ? null : this.pick(TEXTS);
    if (kind < 8) return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
    return this.map(depth - 1);
  }

  // Template text

  private damaged(template: string): string {
    const at = this.below(template.length + 1);
    switch (this.below(3)) {
      case 0:
        return template.slice(0, at);
      case 1:
        return (
          template.slice(0, at) +
          this.pick(['{{', '}}', '"', '(', ')', '|', '.', '$', '{{end}}', '{{else}}', '@', '`']) +
          template.slice(at)
        );
      default:
        return template.slice(0, at) + template.slice(at + 1 + this.below(4));
    }
  }

  private definition(): string {
    const name = this.pick(['t', 'u', 'part']);
    const outer = this.variables;
    this.variables = [];
    this.dotChanges++;
    const body = this.nodes(2);
    this.dotChanges--;
    this.variables = outer;
    // Known only from here on: a template that calls itself in a loop would run for ever in Go.
    this.defined.push(name);
    return `{{define "${name}"}}${body}{{end}}`;
  }

  private text(): string {
    return this.pick([
      'a: ',
      ' \n ',
      'text',
      '- ',
      '\n',
      'é ',
      '{ ',
      '}',
      ' } ',
      '\t',
      '$x ',
      '"q"',
      '\u00a0',
    ]);
  }

  private nodes(depth: number): string {
    const known = this.variables.length;
    let out = '';
    for (let count = this.below(4) + 1; count > 0; count--)
      out += this.chance(0.4) ? this.text() : this.node(depth);
    this.variables.length = known;
    return out;
  }

  private action(inner: string): string {
    const open = this.chance(0.15) ? '{{- ' : this.chance(0.5) ? '{{ ' : '{{';
    return `${open}${inner}${this.chance(0.15) ? ' -}}' : this.chance(0.5) ? ' }}' : '}}'}`;
  }

  private node(depth: number): string {
    const kind = this.below(depth > 0 ? 14 : 7);
    if (kind < 5) return this.action(this.pipeline(2));
    if (kind === 5) return this.declaration();
    if (kind === 6) return this.chance(0.5) ? '{{/* note }} */}}' : this.jump();
    if (kind < 9) return this.branch(depth);
    if (kind < 12) return this.range(depth);
    if (kind === 12 || this.defined.length === 0) return this.with(depth);
    return this.call();
  }

  private declaration(): string {
    if (this.variables.length > 0 && this.chance(0.4)) {
      return this.action(`${this.pick(this.variables)} = ${this.pipeline(1)}`);
    }
    const name = this.pick(['$v', '$w', '$x']);
    const action = this.action(`${name} := ${this.pipeline(1)}`);
    this.variables.push(name);
    return action;
  }

  private jump(): string {
    return this.inRange > 0 ? this.action(this.pick(['break', 'continue'])) : this.action(this.pipeline(1));
  }

  private branch(depth: number): string {
    const head = this.action(`if ${this.pipeline(1)}`);
    const rest = this.chance(0.3)
      ? `${this.action(`else if ${this.pipeline(1)}`)}${this.nodes(depth - 1)}`
      : '';
    const otherwise = this.chance(0.5) ? `${this.action('else')}${this.nodes(depth - 1)}` : '';
    return `${head}${this.nodes(depth - 1)}${rest}${otherwise}${this.action('end')}`;
  }

  private range(depth: number): string {
    const known = this.variables.length;
    const declared = this.pick([[], ['$e'], ['$i', '$e']]);
    const subject = this.pick([
      '$.list',
      '$.list',
      '$.map',
      '$.nested',
      String(this.below(4)),
      this.pipeline(1),
    ]);
    const head = this.action(`range ${declared.length > 0 ? `${declared.join(', ')} := ` : ''}${subject}`);
    this.variables.push(...declared);
    this.inRange++;
    this.dotChanges++;
    const body = this.nodes(depth - 1);
    this.dotChanges--;
    this.inRange--;
    const otherwise = this.chance(0.3) ? `${this.action('else')}${this.nodes(depth - 1)}` : '';
    this.variables.length = known;
    return `${head}${body}${otherwise}${this.action('end')}`;
  }

  private with(depth: number): string {
    const head = this.action(`with ${this.pipeline(1)}`);
    this.dotChanges++;
    const body = this.nodes(depth - 1);
    this.dotChanges--;
    const otherwise = this.chance(0.4) ? `${this.action('else')}${this.nodes(depth - 1)}` : '';
    return `${head}${body}${otherwise}${this.action('end')}`;
  }

  private call(): string {
    const name = this.defined.length > 0 && this.chance(0.98) ? this.pick(this.defined) : 'nowhere';
    return this.action(`template "${name}"${this.chance(0.8) ? ` ${this.pipeline(1)}` : ''}`);
  }

  // Pipelines

  private pipeline(depth: number): string {
    let out = this.chance(0.5) ? this.command(depth) : this.operand(depth);
    while (this.chance(0.2)) {
      out += ` | ${this.pick(['len', 'not', 'print', 'html', 'js', 'urlquery', 'println', 'printf "%v"', 'and 1', 'or ""'])}`;
    }
    return out;
  }

  private command(depth: number): string {
    const one = (): string => this.operand(depth - 1);
    switch (this.below(12)) {
      case 0:
        return `print ${one()} ${one()} ${one()}`;
      case 1:
        return `printf ${JSON.stringify(this.pick(FORMATS))} ${one()}${this.chance(0.5) ? ` ${one()}` : ''}`;
      case 2:
        return `len ${this.pick(['$.list', '$.map', '"é"', one()])}`;
      case 3:
        return this.pick(['index $.list 0', 'index $.map "a"', 'index "abc" 1', `index ${one()} ${one()}`]);
      case 4:
        return `slice ${this.pick(['$.list', '"abcdef"', one()])} ${this.below(4)}${this.chance(0.5) ? ` ${this.below(4)}` : ''}`;
      case 5:
        return `${this.pick(['and', 'or'])} ${one()} ${one()}`;
      case 6:
        return `not ${one()}`;
      case 7:
      case 8:
        return `${this.pick(['eq', 'ne', 'lt', 'le', 'gt', 'ge'])} ${this.comparable()}`;
      case 9:
        return `${this.pick(['html', 'js', 'urlquery', 'println'])} ${one()}`;
      case 10:
        return `index $ ${JSON.stringify(this.pick(KEYS))}`;
      default:
        return `eq ${this.comparable()} ${one()}`;
    }
  }

  private comparable(): string {
    if (this.chance(0.1)) return `${this.operand(0)} ${this.operand(0)}`;
    return this.pick([
      '"a" "b"',
      '1 2',
      '2 1',
      '1.5 2.5',
      '"é" "z"',
      '(len "ab") 2',
      '(print 1) "1"',
      '"x" `x`',
    ]);
  }

  private field(): string {
    const root = this.dotChanges > 0 && this.chance(0.85) ? '$' : '';
    const key = this.chance(0.98) ? this.pick(KEYS) : this.pick(MISSING);
    const deeper = key === 'map' || key === 'nested' ? 0.4 : 0.03;
    return `${root}.${key}${this.chance(deeper) ? `.${this.pick(KEYS)}` : ''}`;
  }

  private operand(depth: number): string {
    const kind = this.below(depth > 0 ? 14 : 12);
    if (kind < 4) return this.field();
    if (kind === 4) return '.';
    if (kind === 5) return this.chance(0.5) ? '$' : `$.${this.pick(KEYS)}`;
    if (kind === 6 && this.variables.length > 0) {
      return `${this.pick(this.variables)}${this.chance(0.05) ? `.${this.pick(KEYS)}` : ''}`;
    }
    if (kind < 9) return JSON.stringify(this.pick(TEXTS).replace('\\', ''));
    if (kind === 9)
      return this.pick(['1', '0', '-2', '0x1F', '1.5', '1e3', '1e6', "'a'", '010', '1_000', '.5', '3']);
    if (kind === 10) return this.pick(['true', 'false', 'nil']);
    if (kind === 11) return `\`${this.pick(['raw', '\\n', '}}'])}\``;
    const inner = `(${this.pipeline(depth - 1)})`;
    return this.chance(0.05) ? `${inner}.${this.pick(KEYS)}` : inner;
  }
}
