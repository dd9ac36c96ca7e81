import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { renderTemplate } from '../../../scripts/render/index.ts';
import { describeRandomTemplates, outcome } from './random-templates.ts';

// Five times as many: test/stories/render/random-templates.test.ts.
describeRandomTemplates(2_000);

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
    ['grows its text', '{{ $x := "0123456789" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}'],
    ['shows a list that holds itself', '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}'],
    [
      'shows a list that doubles',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}',
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
