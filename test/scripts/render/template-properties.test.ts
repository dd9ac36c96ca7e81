import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomCase } from '../../../scripts/bench/random-templates.ts';
import { goFunctions } from '../../../scripts/render/template/builtins.ts';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';
import { parse } from '../../../scripts/render/template/render.ts';
import { printTemplate } from '../../../scripts/render/template/printer.ts';
import { Source } from '../../../scripts/render/template/source.ts';

/** Renders, or answers the error; anything but the renderer's own error class fails the test. */
function outcome(template: string, values: unknown): string | RenderError {
  try {
    return renderTemplate(template, values);
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
}

const parsed = (text: string) => parse(new Source('file.yaml', text), { functions: goFunctions });

describe('rendering any template', () => {
  it('leaves text without actions as it is, to the byte', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((each) => !each.includes('{{'));
    fc.assert(fc.property(text, (each) => renderTemplate(each, {}) === each));
  });

  it('prints a value as it is, whatever it contains', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (v) => renderTemplate('{{ .v }}', { v }) === v));
  });

  it('throws nothing but its own error class, also for text that is no template', () => {
    const pieces = fc.constantFrom(
      '{{',
      '}}',
      '-',
      ' ',
      '"',
      '`',
      '(',
      ')',
      '|',
      '.a',
      '$x',
      ':=',
      '=',
      'if ',
      'range ',
      'end',
      'else',
      'define "t"',
      'template "t"',
      '1',
      "'a'",
      '/*',
      '*/',
      ',',
      'é',
      '\\',
      '\n',
      'printf "%v" ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (each) => {
        outcome(each.join(''), { a: { a: [1, 'x'] } });
      }),
      { numRuns: 3000 },
    );
  });

  it('ends for 10,000 random templates, with text or with its own error', () => {
    let rendered = 0;
    for (let seed = 0; seed < 10_000; seed++) {
      const { template, values } = randomCase(seed);
      if (typeof outcome(template, values) === 'string') rendered++;
    }
    // Else the templates would say little about rendering.
    expect(rendered).toBeGreaterThan(4_000);
  }, 120_000);

  it('parses what it prints to the same text again', () => {
    let compared = 0;
    for (let seed = 0; seed < 3_000; seed++) {
      const { template } = randomCase(seed);
      let first: string;
      try {
        first = printTemplate(parsed(template));
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError);
        continue;
      }
      expect(printTemplate(parsed(first))).toBe(first);
      compared++;
    }
    expect(compared).toBeGreaterThan(2_000);
  });

  it('prints a parsed template so that it renders the same', () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const { template, values } = randomCase(seed);
      const rendered = outcome(template, values);
      if (typeof rendered !== 'string') continue;
      expect(renderTemplate(printTemplate(parsed(template)), values)).toBe(rendered);
    }
  });
});

describe('JavaScript behind the values', () => {
  const names = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'length',
    'size',
    'get',
    'value',
    'type',
  ];

  it.each(names)('is not reached by .%s: it is a missing key of a map', (name) => {
    const error = outcome(`{{ .${name} }}`, {});
    expect(error).toMatchObject({ errorClass: 'missing-key', line: 1, column: 4 });
  });

  it.each(names)('is not reached by .%s of text, numbers, lists and results', (name) => {
    for (const receiver of [
      '.text',
      '.number',
      '.list',
      '(len .list)',
      '(index "a" 0)',
      '(add 1 2)',
      '(1.5)',
    ]) {
      const error = outcome(`{{ ${receiver}.${name} }}`, { text: 'x', number: 1, list: [1] });
      expect(error).toMatchObject({ errorClass: 'bad-field' });
    }
  });

  it.each(names)('does not hide a value named %s', (name) => {
    const values = JSON.parse(`{"${name}": "mine"}`) as unknown;
    expect(renderTemplate(`{{ .${name} }}{{ index . "${name}" }}{{ hasKey . "${name}" }}`, values)).toBe(
      'mineminetrue',
    );
  });

  it.each(names)('is not reached by index, hasKey or a function name %s', (name) => {
    expect(renderTemplate(`{{ index . "${name}" }}{{ hasKey . "${name}" }}`, {})).toBe('<no value>false');
    // toString is one of sprig's functions.
    if (name !== 'toString')
      expect(outcome(`{{ ${name} . }}`, {})).toMatchObject({ errorClass: 'unknown-function' });
  });

  it('is not changed by set, merge or dict', () => {
    const template =
      '{{ $d := dict "__proto__" (dict "polluted" "yes") }}{{ set $d "constructor" 1 }}{{ merge (dict) $d | len }}';
    renderTemplate(template, {});
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a template that runs away', () => {
  it.each([
    ['calls itself', '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}'],
    [
      'doubles itself',
      '{{ define "t" }}{{ template "t" . }}{{ template "t" . }}{{ end }}{{ template "t" . }}',
    ],
    ['loops in loops', '{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}'],
    ['grows its text', '{{ $x := "0123456789" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}'],
    ['shows a list that holds itself', '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}'],
    [
      'shows a list that doubles',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}',
    ],
    [
      'writes a list that doubles as JSON',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ json $x }}',
    ],
    [
      'prints a list that doubles',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ printf "%d" $x }}',
    ],
    ['nests without end', '{{ if 1 }}'.repeat(5000)],
    ['opens parentheses without end', `{{ ${'('.repeat(5000)}1 }}`],
  ])('is stopped with an error when it %s', (_, template) => {
    expect(outcome(template, {})).toMatchObject({ errorClass: 'too-deep' });
  });

  it.each([
    ['a function', () => ({ f: () => 1 })],
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      },
    ],
  ])('is not needed for an error: values with %s', (_, values) => {
    expect(outcome('{{ . }}', values())).toMatchObject({
      fact: expect.stringContaining('unusable values') as unknown,
    });
  });

  it('cannot make a regular expression explode', () => {
    const text = `${'a'.repeat(5000)}b`;
    expect(renderTemplate('{{ regexMatch "^(a+)+$" .text }}', { text })).toBe('false');
  });
});
