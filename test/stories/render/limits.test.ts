/** More templates that run away: each takes a second to reach its limit. */
import { describe, expect, it } from '@jest/globals';
import { outcome } from '../../scripts/render/random-templates.ts';

const grow = (step: string): string => `{{ $l := list }}{{ range until 100000 }}{{ $l = ${step} }}{{ end }}`;

describe('the limit of steps', () => {
  it.each([
    ['items that prepend copies', grow('prepend $l .')],
    ['items that list, reverse, rest and slice copy', grow('slice (reverse (append $l .)) 0')],
    [
      'lists that are kept',
      '{{ $k := dict }}{{ range until 100000 }}{{ $_ := set $k (toString .) (until 1000) }}{{ end }}',
    ],
    [
      'keys of maps that are gone through',
      '{{ $m := dict }}{{ range until 5000 }}{{ $_ := set $m (toString .) . }}{{ range $m }}{{ break }}{{ end }}{{ end }}',
    ],
    ['text that repeat makes', '{{ range until 100000 }}{{ $x := repeat 1000000 "x" }}{{ end }}'],
    [
      'text that join makes',
      '{{ $l := until 100000 }}{{ range until 100000 }}{{ $x := join "," $l }}{{ end }}',
    ],
  ])('counts %s', (_, template) => {
    expect(outcome(template, {})).toMatchObject({
      errorClass: 'too-deep',
      message: expect.stringMatching(
        /:1:\d+: .*(more than 5000000 steps|more than 16777216 characters)/,
      ) as unknown,
    });
  });
});

describe('a template that runs away', () => {
  it.each([
    ['loops in loops', '{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}'],
    [
      'writes a list that doubles as JSON',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ json $x }}',
    ],
    [
      'prints a list that doubles',
      '{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ printf "%d" $x }}',
    ],
  ])('is stopped with an error when it %s', (_, template) => {
    expect(outcome(template, {})).toMatchObject({ errorClass: 'too-deep' });
  });
});
