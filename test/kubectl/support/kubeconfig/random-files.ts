/**
 * Random sets of kubeconfig files: few names, so that they meet; every
 * field; and now and then what people really have in such files.
 */
import fc from 'fast-check';

/** What stands at one path of a set: a text, or nothing at all. */
export type FileContent = { text: string; encoding?: 'utf16le' } | 'missing' | 'folder';

export interface FileSet {
  /** By path, beside each other or in folders. */
  files: Record<string, FileContent>;
  /** The list of KUBECONFIG, as written. */
  list: string[];
}

/** A scalar that stands in the file just so, without quotes. */
class Plain {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Leaf = string | boolean | null | Plain;
type Tree = Leaf | Tree[] | { [key: string]: Tree };

const PATHS = ['a.yaml', 'b.yaml', 'team/c.yaml', './a.yaml', 'gone.yaml', ''];
const NAMES = ['prod', 'dev', 'x y', 'ünter', '', '7'];

/** YAML 1.1 in the wild: what looks like text and is a number, a bool, a date, or text after all. */
const PLAIN = [
  ...['yes', 'no', 'y', 'N', 'on', 'Off', 'true', 'FALSE', 'tRue', '~', 'null', 'Null'],
  ...[
    '7',
    '007',
    '08',
    '0o17',
    '0x1F',
    '0b1',
    '1_000',
    '+1',
    '-1',
    '1.',
    '.5',
    '1e3',
    '1e',
    '0.1.2',
    '12e03',
  ],
  ...[
    '1:30',
    '190:20:30',
    '2026-11-30',
    '2026-11-30T10:00:00Z',
    '.inf',
    '.nan',
    '=',
    'v1',
    'a-b.c/d',
    '!!str yes',
  ],
  ...['!!str 7', '!foo x', '123456789012345678901234567890', "'it''s'", '"\\u0041\\n"', 'http://a:1'],
];

const name = fc.oneof({ weight: 80, arbitrary: fc.constantFrom(...NAMES) }, plain());
const word: fc.Arbitrary<Tree> = fc.oneof(
  {
    weight: 90,
    arbitrary: fc.constantFrom('', 'one', 'two', 'https://one', 'ca.pem', './p/login.sh', 'ü\n'),
  },
  { weight: 20, arbitrary: fc.string({ maxLength: 6 }) },
  { weight: 1, arbitrary: plain() },
);
const base64 = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('', 'aGFsbG8=', 'aGFs\nbG8=', 'AP/+', 'YQ==') },
  { weight: 1, arbitrary: fc.constantFrom('aGFs bG8=', 'aGFsbG8', 'ü', 'YQ=') },
);
const bool: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 40, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom<Tree>('true', new Plain('yes'), new Plain('off'), new Plain('1')) },
);
const extensions: fc.Arbitrary<Tree> = fc.array(
  fc.record({ name: fc.constantFrom('one', 'client.authentication.k8s.io/exec', 'two'), extension: value() }),
  { maxLength: 2 },
);
const words = fc.array(word, { maxLength: 2 });

const cluster = some({
  server: word,
  'tls-server-name': word,
  'insecure-skip-tls-verify': bool,
  'certificate-authority': word,
  'certificate-authority-data': base64,
  'proxy-url': word,
  'disable-compression': bool,
  extensions,
  unheard: word,
});
const exec = some({
  command: word,
  args: words,
  env: fc.array(some({ name: word, value: word }), { maxLength: 2 }),
  apiVersion: fc.constantFrom(
    ...['v1', 'v1beta1', 'v1alpha1', 'v2'].map((version) => `client.authentication.k8s.io/${version}`),
    '',
  ),
  installHint: word,
  provideClusterInfo: bool,
  interactiveMode: fc.constantFrom('', 'Never', 'IfAvailable', 'Always', 'Sometimes'),
});
const user = some({
  'client-certificate': word,
  'client-certificate-data': base64,
  'client-key': word,
  'client-key-data': base64,
  token: word,
  tokenFile: word,
  as: word,
  'as-uid': word,
  'as-groups': words,
  'as-user-extra': fc.dictionary(fc.constantFrom('scopes', 'Über', '7'), words, { maxKeys: 2 }),
  username: word,
  password: word,
  'auth-provider': some({
    name: word,
    config: fc.dictionary(fc.constantFrom('a', 'b'), word, { maxKeys: 2 }),
  }),
  exec,
  extensions,
});
const context = some({ cluster: word, user: word, namespace: word, extensions });

const config = some({
  apiVersion: often('v1', 'v2', '', new Plain('1')),
  kind: often('Config', 'Pod', ''),
  preferences: some({ colors: bool }),
  clusters: entries('cluster', cluster),
  users: entries('user', user),
  contexts: entries('context', context),
  'current-context': fc.oneof(name, word),
  extensions,
});

const written: fc.Arbitrary<string> = fc
  .tuple(config, fc.constantFrom(block, flow), fc.constantFrom('', '---\n', '# ours\n', '\ufeff', '\n'))
  .map(([tree, write, before]) => `${before}${write(tree)}\n`);

const utf16 = written.map((text) => ({
  text: `\ufeff${text.replace('\ufeff', '')}`,
  encoding: 'utf16le' as const,
}));

const content: fc.Arbitrary<FileContent> = fc.oneof(
  { weight: 40, arbitrary: written.map((text) => ({ text })) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(
        ...[
          '',
          '\n',
          '# nothing yet\n',
          '---\n',
          'null',
          '{}',
          'just text',
          '[]',
          '7',
          'a: [',
          '\tclusters: []',
        ],
        ...['clusters: {}', 'users: [x]', 'contexts: null', 'current-context: a\ncurrent-context: b\n'],
        ...['current-context: a\n---\ncurrent-context: b\n', 'Current-Context: a\n', 'a: &a {b: c}\nd: *a\n'],
        ...['users: [{name: a, user: &u {token: t}}, {name: b, user: {<<: *u, as: me}}]', 'a: *b', '{a: b'],
        ...[
          'users: [{user: {token: t}}]',
          'users: [null]',
          'users: [{name: a, user: null}]',
          'a: b: c',
          '"a',
        ],
      )
      .map((text) => ({ text })),
  },
  { weight: 1, arbitrary: utf16 },
  { weight: 1, arbitrary: fc.constantFrom('missing' as const, 'folder' as const) },
);

export const fileSet: fc.Arbitrary<FileSet> = fc.record({
  files: fc.record({ 'a.yaml': content, 'b.yaml': content, 'team/c.yaml': content }),
  list: fc.array(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 4 }),
});

function plain(): fc.Arbitrary<Plain> {
  return fc.constantFrom(...PLAIN).map((text) => new Plain(text));
}

/** What an extension may hold. */
function value(): fc.Arbitrary<Tree> {
  return fc.oneof(word, fc.constantFrom<Tree>(null, true, { a: ['b', { c: null }] }, [], new Plain('7'), {}));
}

/** Some of the fields, in any order; rarely one of another type or null. */
function some(fields: Record<string, fc.Arbitrary<Tree>>): fc.Arbitrary<Tree> {
  const names = Object.keys(fields);
  const wrong = fc.constantFrom<Tree>(null, null, null, null, [], {}, 'text', new Plain('7'));
  return fc
    .shuffledSubarray(names)
    .chain(
      (chosen) =>
        fc.record(
          Object.fromEntries(
            chosen.map((one) => [
              one,
              fc.oneof({ weight: 150, arbitrary: fields[one] ?? word }, { weight: 1, arbitrary: wrong }),
            ]),
          ),
        ) as fc.Arbitrary<Tree>,
    );
}

/** A list of named entries; rarely with one name twice. */
function entries(field: string, what: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  const entry = fc.record({ name, [field]: what });
  const key = (one: { name: Leaf }) => (one.name instanceof Plain ? one.name.text : one.name);
  return fc.oneof(
    { weight: 40, arbitrary: fc.uniqueArray(entry, { maxLength: 3, selector: key as never }) },
    { weight: 1, arbitrary: fc.array(entry, { maxLength: 3 }) },
  );
}

function often(usual: Tree, ...seldom: Tree[]): fc.Arbitrary<Tree> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...seldom) },
  );
}

/** On one line, as JSON but for the plain scalars. */
function flow(tree: Tree): string {
  if (tree instanceof Plain) return tree.text;
  if (Array.isArray(tree)) return `[${tree.map(flow).join(', ')}]`;
  if (typeof tree !== 'object' || tree === null) return JSON.stringify(tree);
  return `{${Object.entries(tree)
    .map(([key, one]) => `${JSON.stringify(key)}: ${flow(one)}`)
    .join(', ')}}`;
}

function block(tree: Tree, indent = ''): string {
  if (tree instanceof Plain || typeof tree !== 'object' || tree === null) return flow(tree);
  const lines = Array.isArray(tree)
    ? tree.map((one) => `- ${nested(one, `${indent}  `)}`)
    : Object.entries(tree).map(([key, one]) => `${JSON.stringify(key)}: ${nested(one, `${indent}  `)}`);
  return lines.length === 0 ? flow(tree) : lines.join(`\n${indent}`);
}

function nested(tree: Tree, indent: string): string {
  const isLeaf = tree instanceof Plain || typeof tree !== 'object' || tree === null;
  return isLeaf || Object.keys(tree).length === 0 ? flow(tree) : `\n${indent}${block(tree, indent)}`;
}
