import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { createWorkplace, type Workplace } from './command.ts';

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

const ONE_SET = { 'c.yaml': 'context: ctx\ninclude:\n  - name: app\n    values: {x: 1}\n' };

describe('input that cannot be used', () => {
  const refused: [string, Record<string, string | Uint8Array>, number, RegExp][] = [
    ['a missing cluster file', {}, 1, /c\.yaml does not exist/],
    ['a missing set folder', { ...ONE_SET }, 1, /set app: app does not exist/],
    ['a key given twice', { 'c.yaml': 'global: {a: 1}\nglobal: {a: 2}\n' }, 2, /c\.yaml:2:1: .*unique/],
    ['NUL bytes', { ...ONE_SET, 'app/a.yaml': 'a\nb\0c' }, 2, /app\/a\.yaml:2: NUL byte/],
    [
      'text that is not UTF-8',
      { ...ONE_SET, 'app/a.yaml': Uint8Array.from([97, 10, 0xff, 10]) },
      2,
      /app\/a\.yaml:2: not UTF-8/,
    ],
    ['a huge file', { ...ONE_SET, 'app/a.yaml': 'x'.repeat(33 * 1024 * 1024) }, 2, /app\/a\.yaml has 33 MB/],
    [
      'a malformed defaults file',
      { ...ONE_SET, 'app/a.yaml': '', 'app/default.yaml': 'a: [' },
      2,
      /app\/default\.yaml:1:5/,
    ],
    [
      'a missing import',
      { 'c.yaml': 'import: [nope.yaml]\ninclude: [{name: app}]\n' },
      1,
      /nope\.yaml does not exist/,
    ],
    ['an infinite number', { 'c.yaml': 'global: {a: .inf}\n' }, 1, /c\.yaml: .*\.inf/],
    ['a list as a key', { 'c.yaml': 'global: {[a]: 1}\n' }, 1, /cannot be a key/],
    [
      'text where a map belongs',
      { 'c.yaml': 'include:\n  - name: app\n    values: [1]\n' },
      1,
      /values of set app must be a map, got a list/,
    ],
    [
      'aliases that multiply',
      { 'c.yaml': multiplyingAliases() },
      2,
      /c\.yaml:\d+:\d+: aliases that unfold into/,
    ],
    [
      'an alias that holds itself',
      { 'c.yaml': 'context: ctx\nglobal: &g {a: *g}\n' },
      2,
      /error: c\.yaml:2:16: an alias that holds itself \(\*g\)\.$/,
    ],
    [
      'an alias within itself, further down',
      { ...ONE_SET, 'app/a.yaml': '', 'app/default.yaml': 'a: &a\n  b: &b\n    - *a\nc: *b\n' },
      2,
      /app\/default\.yaml:3:7: an alias that holds itself \(\*a\)/,
    ],
    [
      'a map merged into itself',
      { 'c.yaml': 'global: &g\n  <<: *g\n' },
      2,
      /c\.yaml:2:7: an alias that holds/,
    ],
    [
      'aliases that nest',
      {
        'c.yaml': `a0: &a0 [x]\n${Array.from({ length: 3000 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}]\n`).join('')}`,
      },
      2,
      /c\.yaml:200:\d+: aliases within each other more than 200 deep/,
    ],
    [
      'an alias of nothing',
      { 'c.yaml': 'global: {a: *b}\n' },
      2,
      /c\.yaml:1:13: the alias \*b has no anchor/,
    ],
    [
      'a list that nests too deep',
      { 'c.yaml': `global:\n  a: ${'['.repeat(50_000)}` },
      2,
      /c\.yaml:2:20\d: .* deep/,
    ],
    [
      'JSON that nests too deep',
      {
        ...ONE_SET,
        'app/a.yaml': '',
        'app/default.json': `{"a":${'{"b":'.repeat(5000)}1${'}'.repeat(5001)}`,
      },
      2,
      /app\/default\.json:1:\d+: .* deep/,
    ],
    [
      'blocks that nest too deep',
      { 'c.yaml': Array.from({ length: 1000 }, (_, n) => `${' '.repeat(n)}a:\n`).join('') },
      2,
      /c\.yaml:20\d:\d+: .* deep/,
    ],
    [
      'dashes that nest too deep',
      { 'c.yaml': `global:\n${'- '.repeat(5000)}a\n` },
      2,
      /c\.yaml:2:40\d: .* deep/,
    ],
    [
      'templates that insert each other',
      {
        ...ONE_SET,
        'app/a.yaml': '{{ insertTemplate "b.tpl" }}',
        'app/b.tpl': '{{ insertTemplate "a.yaml" }}',
      },
      2,
      /insert each other .*a\.yaml -> b\.tpl/,
    ],
    [
      'a template that never ends',
      { ...ONE_SET, 'app/a.yaml': '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}' },
      2,
      /maximum template depth/,
    ],
    [
      'an unknown function',
      { ...ONE_SET, 'app/a.yaml': '{{ toYaml . }}' },
      1,
      /Not offered: it belongs to Helm/,
    ],
  ];

  it.each(refused)('is told in one line: %s', async (_, files, exit, message) => {
    place.write(files);
    const outcome = await place.run(['template', 'c.yaml']);
    const [line = '', ...frame] = outcome.stderr
      .trim()
      .split('\n')
      .filter((each) => !each.startsWith('warning'));
    expect(line).toMatch(message);
    expect({ exit: outcome.exit, stdout: outcome.stdout }).toEqual({ exit, stdout: '' });
    // Only a place in a template is shown with its line and a caret.
    expect(frame.length === 0 || (frame.length === 2 && frame[1]?.endsWith('^'))).toBe(true);
  });

  it('is told in one line: a symbolic link to itself', async () => {
    place.write(ONE_SET);
    mkdirSync(path.join(place.folder, 'app'));
    symlinkSync('a.yaml', path.join(place.folder, 'app/a.yaml'));
    const outcome = await place.run(['template', 'c.yaml']);
    expect(outcome).toMatchObject({ exit: 2, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^render: error: .*app.* is a symbolic link that leads back to itself\.\n$/,
    );
  });

  it.each([
    [['template', 'c.yaml', '--incldue', 'app'], /--incldue.*Did you mean --include/],
    [['tempalte', 'c.yaml'], /Unknown command tempalte\. Did you mean template/],
    [['template'], /needs a cluster file/],
    [['apply', 'c.yaml', '-o', 'x'], /--output is for template only/],
    [['template', '@nothing'], /@nothing/],
    [['apply', 'c.yaml', '--dry-run=no'], /client or server/],
  ])('is told in one line with exit code 1: %j', async (argv, message) => {
    place.write({ ...ONE_SET, 'app/a.yaml': 'a' });
    const outcome = await place.run(argv);
    expect(outcome).toMatchObject({ exit: 1, stdout: '' });
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(outcome.stderr).toMatch(message);
  });
});

function multiplyingAliases(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++) {
    lines.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(10)}]`);
  }
  return `global:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

describe('what is no file', () => {
  const kinds: [string, (file: string) => void, RegExp][] = [
    ['a named pipe', (file) => execFileSync('mkfifo', [file]), /is a named pipe, not a file\./],
    [
      'a link to a device without an end',
      (file) => symlinkSync('/dev/zero', file),
      /is a device, not a file\./,
    ],
    ['a link to a named pipe', linkToPipe, /is a named pipe, not a file\./],
  ];
  const places = ['c.yaml', 'app/a.yaml', 'app/default.yaml', 'more.yaml', 'app/part.txt', 'args'];

  it.each(kinds.flatMap(([what, make, says]) => places.map((at) => [what, at, make, says] as const)))(
    'refuses %s at %s',
    async (_, at, make, says) => {
      const files: Record<string, string> = {
        'c.yaml': 'import: [more.yaml]\ninclude: [{name: app}]\n',
        'more.yaml': 'x: 1\n',
        'app/a.yaml': '{{ insertFile "part.txt" }}',
        'app/part.txt': 'text',
        args: 'c.yaml\n',
      };
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the place is a row of the table
      delete files[at];
      place.write(files);
      make(path.join(place.folder, at));
      const { exit, stderr, stdout } = await place.run(['template', '@args']);
      expect(stdout).toBe('');
      expect(stderr).toMatch(says);
      expect(stderr).toContain(at);
      expect([1, 2]).toContain(exit);
    },
  );

  it('is standard input, which is read to its end', async () => {
    place.write({ 'app/a.yaml': 'a: {{ .x }}\n' });
    const child = spawn(process.execPath, [command.program, 'template', '/dev/stdin'], { cwd: place.folder });
    let stdout = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stdin.end(`include: [{name: app, path: ${place.folder}/app, values: {x: from-stdin}}]\n`);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(stdout).toBe('a: from-stdin\n\n');
  });
});

function linkToPipe(file: string): void {
  execFileSync('mkfifo', [path.join(place.folder, 'pipe')]);
  symlinkSync(path.join(place.folder, 'pipe'), file);
}

describe('text that is unusual but fine', () => {
  it('passes CRLF, a byte order mark and a stray document end through', async () => {
    place.write({
      'c.yaml': '\ufeffinclude:\r\n  - name: app\r\n    values: {x: 1}\r\n---\nmore: [\n',
      'app/a.yaml': 'a: {{ .x }}\r\nb: 2\r\n',
    });
    expect(await place.run(['template', 'c.yaml'])).toMatchObject({ exit: 0, stdout: 'a: 1\r\nb: 2\r\n\n' });
  });

  it('reads numbers and booleans as decided, and warns where YAML 1.1 would differ', async () => {
    place.write({
      'c.yaml':
        'include:\n  - name: app\n    values: {y: yes, n: off, t: true, octal: 010, hex: 0x1F, under: 1_000, exp: 1e3, sha: 7e12345, big: 1000000, v: 1.10, s: "on"}\n',
      'app/a.yaml':
        '{{ .y }} {{ .n }} {{ .t }} {{ .octal }} {{ .hex }} {{ .under }} {{ .exp }} {{ .sha }} {{ .big }} {{ .v }} {{ .s }}',
    });
    const outcome = await place.run(['template', 'c.yaml']);
    expect(outcome.stdout).toBe('yes off true 8 31 1000 1e3 7e12345 1000000 1.1 on\n');
    expect(outcome.stderr).toMatch(/c\.yaml:3:14: y is text here/);
    expect(outcome.stderr).toMatch(/yes is text here .* reads true/);
    expect(outcome.stderr).toMatch(/off is text here .* reads false/);
    expect(outcome.stderr).toMatch(/1\.10 is the number 1\.1/);
    expect(outcome.stderr).not.toMatch(/"on" is text/);
    expect((await place.run(['template', 'c.yaml', '--go-numbers'])).stdout).toContain(' 1e+06 ');
  });

  it('merges YAML merge keys and anchors', async () => {
    place.write({
      'c.yaml': 'global:\n  base: &b {a: 1, b: 2}\n  more: {<<: *b, b: 3}\ninclude: [{name: app}]\n',
      'app/a.yaml': '{{ json .more }}',
    });
    expect((await place.run(['template', 'c.yaml'])).stdout).toBe('{"a":1,"b":3}\n');
  });

  it('ignores unknown fields of the cluster file, but says so', async () => {
    place.write({ 'c.yaml': 'includes: []\nINCLUDE: [{Name: app}]\n', 'app/a.yaml': 'a' });
    const outcome = await place.run(['template', 'c.yaml']);
    expect(outcome).toMatchObject({ exit: 0, stdout: 'a\n' });
    expect(outcome.stderr).toContain(
      'unknown field includes in the cluster file is ignored. Did you mean include?',
    );
  });

  it('names what -i and -e do not match, and goes on with what they do', async () => {
    place.write({ 'c.yaml': 'include: [{name: web}, {name: api}]\n', 'web/a.yaml': 'w', 'api/a.yaml': 'a' });
    const outcome = await place.run(['template', 'c.yaml', '-i', 'web', '-i', 'wbe']);
    expect(outcome).toMatchObject({ exit: 0, stdout: 'w\n' });
    expect(outcome.stderr).toContain('No resource set is named "wbe". Did you mean web?');
  });
});

describe('command lines', () => {
  beforeEach(() => place.write({ ...ONE_SET, 'app/a.yaml': 'x={{ .x }}' }));

  it.each([[[]], [['help']], [['--help']], [['--help-long']], [['template', '-h']]])(
    'show help on stderr and end well: %j',
    async (argv) => {
      const outcome = await place.run(argv);
      expect(outcome).toMatchObject({ exit: 0, stdout: '' });
      expect(outcome.stderr).toContain('npm run render -- template istio/cluster.yaml');
    },
  );

  it('say their version', async () => {
    const outcome = await place.run(['version']);
    expect(outcome.exit).toBe(0);
    expect(outcome.stdout).toMatch(/^render \d/);
  });

  it.each([
    [['--var=x=2', 'template', 'c.yaml'], 'x=2\n'],
    [['template', '--var', 'x=', 'c.yaml'], 'x=\n'],
    [['template', 'c.yaml', '--var', 'x=a=b'], 'x=a=b\n'],
    [['template', '--var', 'x=1000000', '--', 'c.yaml'], 'x=1000000\n'],
    [['template', '@args', 'c.yaml'], 'x=from a file\n'],
  ])('take flags before and after the command: %j', async (argv, stdout) => {
    place.write({ args: '# comment\n--var\nx=from a file\n' });
    expect(await place.run(argv)).toMatchObject({ exit: 0, stdout });
  });

  it('take -i=NAME for the value "=NAME", as kontemplate does', async () => {
    const outcome = await place.run(['template', '-i=app', 'c.yaml']);
    expect(outcome.exit).toBe(1);
    expect(outcome.stderr).toContain('"=app"');
  });

  it('put --- between files that lack it when --separator asks for it', async () => {
    place.write({ 'app/b.yaml': 'b\n---\n', 'app/c.yaml': 'c' });
    expect((await place.run(['template', 'c.yaml', '--separator'])).stdout).toBe('x=1\n---\nb\n---\n\nc\n');
  });

  it('write files without changing a byte', async () => {
    place.write({ 'app/a.yaml': '100% {{ .x }} %d' });
    expect((await place.run(['template', 'c.yaml', '-o', 'out'])).exit).toBe(0);
    expect(place.read('out/app-a.yaml')).toBe('100% 1 %d');
  });

  it('show the source line with a caret, the path and where a value would come from', async () => {
    place.write({
      'c.yaml': 'include: [{name: app, values: {image: {repo: r}}}]\n',
      'app/a.yaml': 'a\n  i: {{ .image.repoo }}:{{ .tag }}\n',
    });
    const outcome = await place.run(['template', 'c.yaml']);
    expect(outcome.stderr).toBe(
      'render: error: app/a.yaml:2:15: map has no entry for key "repoo" at <.image.repoo>. Did you mean "repo"?\n' +
        '  2 |   i: {{ .image.repoo }}:{{ .tag }}\n' +
        '    |               ^\n',
    );
  });
});

describe('functions that reach outside', () => {
  it('give the commit of the cluster file’s repository', async () => {
    place.write({ ...ONE_SET, 'app/a.yaml': '{{ gitHEAD }}' });
    const git = (...args: string[]): string =>
      execFileSync(
        'git',
        ['-C', place.folder, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args],
        { encoding: 'utf8' },
      );
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'x');
    const outcome = await place.run(['template', 'c.yaml'], { PATH: process.env['PATH'] ?? '' });
    expect(outcome.stdout).toBe(`${git('rev-parse', 'HEAD').trim()}\n`);
  });

  it('look up secrets with pass and say so on stderr', async () => {
    place.write({ ...ONE_SET, 'app/a.yaml': '[{{ passLookup "shop/key" }}]' });
    place.fake('pass', 0, ' secret \n');
    const outcome = await place.run(['template', 'c.yaml']);
    expect(outcome.stdout).toBe('[secret]\n');
    expect(outcome.stderr).toContain('shop/key');
    expect(place.calls().map(({ args }) => args)).toEqual([['show', 'shop/key']]);
  });

  it('fail with the template’s place when pass fails or is missing', async () => {
    place.write({ ...ONE_SET, 'app/a.yaml': '{{ passLookup "k" }}' });
    expect((await place.run(['template', 'c.yaml'])).stderr).toMatch(
      /app\/a\.yaml:1:4: error calling passLookup: the program pass is not installed/,
    );
    place.fake('pass', 1);
    expect(await place.run(['template', 'c.yaml'])).toMatchObject({ exit: 1, stdout: '' });
  });

  it('resolve host names', async () => {
    place.write({ ...ONE_SET, 'app/a.yaml': '{{ lookupIPAddr "127.0.0.1" }}' });
    expect((await place.run(['template', 'c.yaml'])).stdout).toBe('[127.0.0.1]\n');
  });

  it('read files beside a single-file set, and the environment', async () => {
    place.write({
      'c.yaml': 'include: [{name: s, path: t/one.conf}]\n',
      't/one.conf': '{{ insertFile "raw" }}{{ env "SHOP" }}',
      't/raw': 'R',
    });
    expect((await place.run(['template', 'c.yaml'], { SHOP: 'open' })).stdout).toBe('Ropen\n');
  });

  it('leave other files of the set untouched by set', async () => {
    place.write({
      'c.yaml': 'include: [{name: app, values: {m: {k: 1}}}]\n',
      'app/a.yaml': '{{ $_ := set .m "k" 2 }}{{ .m.k }}',
      'app/b.yaml': '{{ .m.k }}',
    });
    expect((await place.run(['template', 'c.yaml'])).stdout).toBe('2\n1\n');
  });
});

describe('sending to a cluster', () => {
  const TWO_SETS = {
    'c.yaml': 'context: ctx\ninclude:\n  - name: one\n    args: [--prune=false]\n  - name: two\n',
    'one/a.yaml': 'a',
    'one/b.yaml': 'b\n',
    'two/a.yaml': 'c',
  };

  it('gives kubectl one call per set, dry run as kubectl of today spells it', async () => {
    place.write(TWO_SETS);
    place.fake('kubectl', 0);
    const outcome = await place.run(['apply', 'c.yaml', '--dry-run']);
    expect(outcome).toMatchObject({
      exit: 0,
      stdout: 'apply one: a.yaml\napply one: b.yaml\napply two: a.yaml\n',
    });
    expect(place.calls()).toEqual([
      { args: ['apply', '-f', '-', '--dry-run=client', '--context=ctx', '--prune=false'], stdin: 'a\nb\n\n' },
      { args: ['apply', '-f', '-', '--dry-run=client', '--context=ctx'], stdin: 'c\n' },
    ]);
  });

  it('stops at the set kubectl fails for and says what was sent before', async () => {
    place.write(TWO_SETS);
    place.fake('kubectl', 3);
    const outcome = await place.run(['replace', 'c.yaml']);
    expect(outcome.exit).toBe(1);
    expect(outcome.stderr).toContain('kubectl ended with 3 at set one. Nothing was sent before it.');
    expect(place.calls().map(({ args }) => args)).toEqual([
      ['replace', '--save-config=true', '-f', '-', '--context=ctx', '--prune=false'],
    ]);
  });

  it('uses the kubectl that --kubectl names, with namespace and kubeconfig', async () => {
    place.write(TWO_SETS);
    place.fake('mykubectl', 0);
    const kubectl = path.join(place.folder, '../bin/mykubectl');
    await place.run([
      'delete',
      'c.yaml',
      '-i',
      'two',
      '--kubectl',
      kubectl,
      '-n',
      'shop',
      '--kubeconfig',
      'k',
    ]);
    expect(place.calls().map(({ args }) => args)).toEqual([
      ['delete', '-f', '-', '--context=ctx', '--kubeconfig=k', '--namespace=shop'],
    ]);
  });

  it('refuses a --context that is not the cluster file’s', async () => {
    place.write(TWO_SETS);
    place.fake('kubectl', 0);
    const outcome = await place.run(['apply', 'c.yaml', '--context', 'production']);
    expect(outcome.exit).toBe(2);
    expect(outcome.stderr).toContain(
      'c.yaml is for context ctx, not for --context production. Nothing was sent.',
    );
    expect(place.calls()).toEqual([]);
  });

  it('says when kubectl will use whatever context it has', async () => {
    place.write({ ...TWO_SETS, 'c.yaml': 'include: [{name: two}]\n' });
    place.fake('kubectl', 0);
    expect((await place.run(['apply', 'c.yaml'])).stderr).toContain('kubectl uses its current one');
  });

  it('needs kubectl for replace and create', async () => {
    place.write(TWO_SETS);
    const outcome = await place.run(['create', 'c.yaml']);
    expect(outcome.exit).toBe(1);
    expect(outcome.stderr).toContain('create needs kubectl');
  });

  it('names a kubectl that cannot be started', async () => {
    place.write(TWO_SETS);
    writeFileSync(path.join(place.folder, 'broken'), 'x');
    const outcome = await place.run(['apply', 'c.yaml', '--kubectl', './broken']);
    expect(outcome.exit).toBe(1);
    expect(outcome.stderr).toContain('./broken cannot be started');
  });
});
