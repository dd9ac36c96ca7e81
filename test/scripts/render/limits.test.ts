import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { createWorkplace, type Workplace } from './command.ts';

function failureOf(template: string): RenderError {
  try {
    renderTemplate(template, {}, { fileName: 'a.yaml' });
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
  throw new Error('It was rendered.');
}

const grow = (step: string): string => `{{ $l := list }}{{ range until 100000 }}{{ $l = ${step} }}{{ end }}`;

describe('the limit of steps', () => {
  it.each([
    ['items that append copies', grow('append $l .')],
    ['text that doubles', '{{ $s := "x" }}{{ range until 100 }}{{ $s = print $s $s }}{{ end }}'],
  ])('counts %s', (_, template) => {
    const error = failureOf(template);
    expect(error.errorClass).toBe('too-deep');
    expect(error.message).toMatch(
      /^a\.yaml:1:\d+: .*(more than 5000000 steps|more than 16777216 characters)/,
    );
  });

  it('leaves room for the lists of a real template', () => {
    expect(renderTemplate(`${grow('append $l .').replace('100000', '3000')}{{ len $l }}`, {})).toBe('3000');
  });

  it.each([
    ['parts of a text', '{{ len (splitList "" (repeat 10000000 "a")) }}', 'more than 1000000 items'],
    [
      'matches of a pattern',
      '{{ len (regexFindAll "a" (repeat 2000000 "a") -1) }}',
      'more than 1000000 matches',
    ],
    ['items', '{{ len (until 1000001) }}', 'more than 1000000 items'],
    ['characters', '{{ len (repeat 100000000 "a") }}', 'more than 16777216 characters'],
  ])('goes with one of the %s that one function makes', (_, template, message) => {
    expect(failureOf(template).message).toContain(message);
  });
});

describe('nesting', () => {
  it.each([
    [
      'nodes',
      `{{ define "t" }}${'{{ if true }}'.repeat(50)}{{ template "t" . }}${'{{ end }}'.repeat(50)}{{ end }}{{ template "t" . }}`,
      'nested more than 1000 levels deep',
    ],
    [
      'parentheses',
      `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`,
      'nested more than 400 levels deep',
    ],
    [
      'a value that holds itself',
      '{{ $d := dict }}{{ $_ := set $d "a<b" $d }}{{ toJson $d }}',
      'nests too deep',
    ],
    [
      'a value that is shown',
      '{{ $x := list 1 }}{{ range until 100000 }}{{ $x = list $x }}{{ end }}{{ $x }}',
      'nests too deep',
    ],
  ])('of %s ends in an error with its place', (_, template, message) => {
    const error = failureOf(template);
    expect(error.errorClass).toBe('too-deep');
    expect(error.message).toContain(message);
    expect(error.line).toBe(1);
  });
});

it('finds equal items by their type and value', () => {
  expect(
    renderTemplate('{{ uniq (list 1 1.5 "1" true "true" 1 1.5 (list 1) (list 1) nil) | toJson }}', {}),
  ).toBe('[1,1.5,"1",true,"true",[1],null]');
});

describe('the render command', () => {
  let command: Bundle;
  let place: Workplace;
  beforeAll(async () => {
    command = await bundleCommand();
  });
  afterAll(() => command.remove());
  beforeEach(() => {
    place = createWorkplace(command.program);
  });
  afterEach(() => place.remove());

  it('counts the steps of a file with those of what it inserts', async () => {
    place.write({
      'c.yaml': 'include: [{name: app}]\n',
      'app/a.yaml': '{{ range until 1000 }}{{ insertTemplate "b.tpl" }}{{ end }}',
      'app/b.tpl': '{{ range until 100000 }}{{ end }}',
    });
    const { exit, stderr } = await place.run(['template', 'c.yaml']);
    expect(stderr).toMatch(/^render: error: app\/a\.yaml:1:\d+: .*more than 5000000 steps/);
    expect(exit).toBe(2);
  });

  it('needs no more than 600 MB for a template that keeps all that it can', async () => {
    place.write({
      'c.yaml': 'include: [{name: app}]\n',
      'app/a.yaml':
        '{{ $k := dict }}{{ range until 100000 }}{{ $_ := set $k (toString .) (until 1000) }}{{ end }}',
    });
    const { exit, stderr } = await place.run(['template', 'c.yaml'], {
      NODE_OPTIONS: '--max-old-space-size=600',
    });
    expect(stderr).toContain('more than 5000000 steps');
    expect(exit).toBe(2);
  });

  // A shell calls that exit code 130 or 143.
  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s in the middle of a rendering', async (signal) => {
    place.write({
      'c.yaml': 'include: [{name: app}]\n',
      // Seconds of work in one go, between two look-ups that are seen from outside.
      'app/a.yaml':
        '{{ passLookup "now" }}{{ $l := until 1000000 }}{{ range until 15 }}{{ $x := join "," $l }}{{ end }}{{ passLookup "over" }}',
    });
    place.fake('pass', 0, 'secret');
    const child = spawn(process.execPath, [command.program, 'template', 'c.yaml'], {
      cwd: place.folder,
      env: { PATH: `${place.folder}/../bin`, HOME: place.folder },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve(by ?? code)));
    await waitFor(() => place.calls().length > 0, {
      deadlineMs: 20_000,
      what: 'the first look-up',
      intervalMs: 10,
    });
    child.kill(signal);
    expect(await ended).toBe(signal);
    expect(place.calls().map(({ args }) => args.at(-1))).toEqual(['now']);
  });
});
