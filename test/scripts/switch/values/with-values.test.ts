/** Values changed in a cluster file, in whatever way its author writes YAML. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readSets } from '../../../../scripts/switch/values/app-sets.ts';
import { withValues } from '../../../../scripts/switch/values/with-values.ts';

let file: string;
beforeAll(() => {
  const folder = mkdtempSync(path.join(tmpdir(), 'with-values-'));
  file = path.join(folder, 'cluster.yaml');
  for (const name of ['version', 'route', 'tea']) writeFileSync(path.join(folder, name), '');
});
afterAll(() => rmSync(path.dirname(file), { recursive: true, force: true }));

const wanted = new Map<string, string | string[]>([
  ['version', 'v2'],
  ['live', 'v2'],
  ['subsets', ['v1', 'v2']],
]);
const change = (text: string, values: ReadonlyMap<string, string | string[]> = wanted) =>
  withValues({ file, text }, 'shop', values);

describe('values changed in a cluster file', () => {
  it.each([
    [
      'comments, order, blank lines and other quotes stay',
      `# Ours.
global:
  version: v1 # what serves
  app: 'shop'

include:
  # One version.
  - name: version
  - {name: route, values: {live: "v1", subsets: 'v1', hosts: "a,b"}} # both
`,
      `# Ours.
global:
  version: v2 # what serves
  app: 'shop'

include:
  # One version.
  - name: version
  - {name: route, values: {live: "v2", subsets: 'v1,v2', hosts: "a,b"}} # both
`,
    ],
    [
      'a byte order mark and Windows line ends stay',
      '\ufeffglobal:\r\n  app: shop\r\n  version: v1\r\ninclude:\r\n  - name: version\r\n',
      '\ufeffglobal:\r\n  app: shop\r\n  version: v2\r\ninclude:\r\n  - name: version\r\n',
    ],
    [
      'JSON stays JSON',
      '{"global": {"app": "shop", "version": "v1", "subsets": "v1"}, "include": [{"name": "version"}]}',
      '{"global": {"app": "shop", "version": "v2", "subsets": "v1,v2"}, "include": [{"name": "version"}]}',
    ],
    [
      'lists stay lists',
      `global: {app: shop, version: v1}
include:
  - name: version
  - name: route
    values:
      subsets:
        - v1 # the first
      live: v1
  - name: tea
    values: {subsets: [v1]}
`,
      `global: {app: shop, version: v2}
include:
  - name: version
  - name: route
    values:
      subsets:
        - v1
        - v2 # the first
      live: v2
  - name: tea
    values: {subsets: [v1, v2]}
`,
    ],
    [
      'an alias follows its anchor, and is written out where it does not suffice',
      `global: {app: shop, version: &serves v1, live: *serves, subsets: *serves}
include: [{name: version}]
`,
      `global: {app: shop, version: &serves v2, live: *serves, subsets: "v1,v2"}
include: [{name: version}]
`,
    ],
    [
      'a member of a group has its own values first, then those of the group',
      `global: {app: tea}
include:
  - path: .
    name: shop
    values: {app: shop, live: v1}
    include:
      - {name: version, values: {version: v1}}
      - {name: route, values: {subsets: v1}}
  - name: version
    values: {app: shop, version: v1}
`,
      `global: {app: tea}
include:
  - path: .
    name: shop
    values: {app: shop, live: v2}
    include:
      - {name: version, values: {version: v2}}
      - {name: route, values: {subsets: "v1,v2"}}
  - name: version
    values: {app: shop, version: v2}
`,
    ],
    [
      'another app beside it, and a set that means another version, keep theirs',
      `include:
  - {name: version, values: {app: shop, version: v1}}
  - {name: route, values: {app: shop, version: v9}}
  - {name: tea, values: {app: tea, version: v1, live: v1}}
`,
      `include:
  - {name: version, values: {app: shop, version: v2}}
  - {name: route, values: {app: shop, version: v9}}
  - {name: tea, values: {app: tea, version: v1, live: v1}}
`,
    ],
  ])('%s', (_what, text, expected) => {
    expect(change(text).source.text).toBe(expected);
  });

  it('are told with what they were, once each', () => {
    const text =
      'global: {app: shop, version: v1}\ninclude: [{name: version, values: {live: v2}}, {name: route}]\n';
    expect(change(text).changes).toEqual([{ key: 'version', from: 'v1', to: 'v2' }]);
    const again = change(change(text).source.text);
    expect([again.changes, again.source.text]).toEqual([[], change(text).source.text]);
  });

  it('are quoted where they would be read as something else', () => {
    const text = 'global: {app: shop, version: v1, replicas: 2, image: "a:1"}\ninclude: [{name: version}]\n';
    const values = new Map([
      ['version', '1.10'],
      ['replicas', '3'],
      ['image', 'b:2'],
    ]);
    expect(change(text, values).source.text).toBe(
      'global: {app: shop, version: "1.10", replicas: 3, image: "b:2"}\ninclude: [{name: version}]\n',
    );
  });

  it('are escaped where a terminal could obey them: a patch is shown', () => {
    const text = 'global: {app: shop, version: v1, marker: first}\ninclude: [{name: version}]\n';
    const { source } = change(text, new Map([['marker', 'a\u001b[2Jb\u202e\u009b']]));
    expect(source.text).toContain('marker: "a\\u001b[2Jb\\u202e\\u009b"}');
  });

  it('read as what was asked for, whatever that is, and every other line is as it was', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[\x20-\x7e\u00e9\u2603]{1,12}$/),
        fc.constantFrom('v1', '"v1"', "'v1'"),
        (version, today) => {
          const text = `a: # first\n\nglobal:\n  app: shop\n  version: ${today}   # why\n  z: 1\ninclude: [ {name: version} ]\n`;
          const { source } = change(text, new Map([['version', version]]));
          expect(readSets(source, 'shop').own[0]?.values.get('version')).toBe(version);
          const others = (all: string) => all.split('\n').filter((line) => !line.startsWith('  version:'));
          expect(others(source.text)).toEqual(others(text));
          expect(source.text).toContain('   # why\n');
        },
      ),
    );
  });
});

describe('a file is refused', () => {
  it.each([
    ['that is no cluster file', '- v1\n', /cluster\.yaml: the cluster file must be a map, got a list\./],
    ['that is no YAML', 'global: {', /cluster\.yaml:1:\d+: /],
    [
      'of another app',
      'global: {app: tea, version: v1}\ninclude: [{name: version}]\n',
      /cluster\.yaml describes no resource set of shop: none has the value app: shop\./,
    ],
    [
      'without a version',
      'global: {app: shop}\ninclude: [{name: version}]\n',
      /cluster\.yaml has no resource set "version" of shop with a value version/,
    ],
    [
      'in which another app has its version from the same place',
      'global: {app: shop, version: v1}\ninclude: [{name: version}, {name: tea, values: {app: tea}}]\n',
      /cluster\.yaml: sets of shop and set tea get version from one place/,
    ],
    [
      'whose version stands in no place of its own',
      'x: &all {version: v1}\nglobal: {app: shop, <<: *all}\ninclude: [{name: version}]\n',
      /cluster\.yaml: version of set version cannot be changed where it stands\. Write it as plain text/,
    ],
  ])('%s', (_what, text, message) => {
    const refused = () => change(text);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
