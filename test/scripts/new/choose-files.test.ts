import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { chooseFiles, localImports, packed, withNeeds } from '../../../scripts/new/choose-files.ts';
import { contents, edits, parts, type Part } from '../../../scripts/new/contents.ts';
import { sourceFiles } from '../../../scripts/new/source-files.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const all = sourceFiles(root);
const chosenWith = (...asked: Part[]): string[] =>
  chooseFiles(root, all, withNeeds(asked)).map(({ from }) => from);

describe('what goes along', () => {
  it('is there, each with a reason', () => {
    for (const { path: file, because } of [...contents, ...edits]) {
      expect([file, existsSync(path.join(root, file))]).toEqual([file, true]);
      expect(because.length).toBeGreaterThan(5);
    }
  });

  it('is the service, its templates, images and tests, and no playground, demo or bench', () => {
    const files = chosenWith();
    expect(files).toEqual(
      expect.arrayContaining([
        'services/coffee-shop/main.ts',
        'services/lifecycle-sidecar/main.ts',
        'k8s/cluster.yaml',
        'istio/cluster.yaml',
        'scripts/image/main.ts',
        'test/services/coffee-shop/drain-under-load.test.ts',
        'test/templates/templates.test.ts',
      ]),
    );
    expect(files.filter((file) => /playground|demo|bench/.test(file))).toEqual([]);
    expect(files.filter((file) => /^scripts\/(switch|load)\/.*\.ts$|^scripts\/render\//.test(file))).toEqual(
      [],
    );
  });

  it.each([[[]], ...parts.map((part) => [[part]]), [[...parts]]] as Part[][][])(
    'imports nothing that stays, with %p',
    (asked) => {
      const files = new Set(chosenWith(...asked));
      const chosenParts = withNeeds(asked);
      const strangers = [...files].flatMap((file) =>
        localImports(root, file).filter((target) => {
          const library = packed[target];
          return !files.has(target) && (library === undefined || chosenParts.has(library.part));
        }),
      );
      expect(strangers).toEqual([]);
      expect(files.size).toBeGreaterThan(100);
    },
  );

  it('brings the programs that a test starts', () => {
    expect(chosenWith()).toContain('test/support/programs/generic-app.mjs');
    expect(chosenWith()).not.toContain('test/support/programs/slow-shop.mjs');
  });

  it('leaves a test that needs what stays', () => {
    expect(chosenWith()).not.toContain('test/templates/lifecycle-sidecar.test.ts');
    expect(chosenWith()).not.toContain('test/templates/alert-advice.test.ts');
    expect(chosenWith('switch')).toContain('test/templates/alert-advice.test.ts');
  });

  it('brings with a part what that cannot do without', () => {
    expect([...withNeeds(['demo'])].sort()).toEqual(['demo', 'load', 'playground', 'render', 'switch']);
    const files = chosenWith('playground');
    expect(files).toContain('scripts/playground/main.ts');
    expect(files).toContain('scripts/switch/main.ts');
    expect(files).not.toContain('scripts/demo/main.ts');
  });
});
