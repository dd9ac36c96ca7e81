import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTestOfPlayground, root, sourcesUnder, violations } from './sources.ts';

const inScripts = sourcesUnder('scripts');
const scripts = inScripts.filter(({ path }) => !isTestOfPlayground(path));
const playground = scripts.filter(({ path }) => path.startsWith('scripts/playground/'));
const ownTests = inScripts.filter(({ path }) => isTestOfPlayground(path));
const tests = [...sourcesUnder('test'), ...ownTests];

// A team's repository may do without it.
const describeIt = existsSync(join(root, 'scripts/playground')) ? describe : describe.skip;

describeIt('the playground, a sealed package', () => {
  it('lets the playground be known by its entry alone, in the demo and in one file of the tests', () => {
    const outside = [...scripts, ...tests].filter(({ path }) => !path.startsWith('scripts/playground/'));
    expect(violations(outside, (target) => target.startsWith('scripts/playground/'))).toEqual([
      'scripts/demo/main.ts imports scripts/playground/index.ts',
      'test/support/cluster.ts imports scripts/playground/index.ts',
      'test/support/cluster.ts imports scripts/playground/index.ts',
    ]);
  });

  it('seals the playground: it knows nobody outside but scripts/render and scripts/shared', () => {
    expect([playground.length, ownTests.length].every((count) => count > 50)).toBe(true);
    const isStranger = (target: string): boolean =>
      /^(scripts|services|test)\//.test(target) && !/^scripts\/(playground|render|shared)\//.test(target);
    expect(violations(playground, isStranger)).toEqual([]);
    // Its tests share the helpers that know nothing of a cluster.
    expect(
      violations(
        ownTests,
        (target) =>
          (isStranger(target) && !target.startsWith('test/support/')) || target === 'test/support/cluster.ts',
      ),
    ).toEqual([]);
  });

  it('gives the playground a package of its own that names what it imports', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'scripts/playground/package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const ours = { ...manifest.dependencies, ...manifest.devDependencies };
    const packageOf = (target: string): string => target.split('/', target.startsWith('@') ? 2 : 1).join('/');
    const isUnnamed =
      (named: object) =>
      (target: string): boolean =>
        !/^(scripts|services|test|node:)/.test(target) && !(packageOf(target) in named);
    expect(violations(playground, isUnnamed(manifest.dependencies))).toEqual([]);
    expect(violations(ownTests, isUnnamed(ours))).toEqual([]);
    const manifestOfAll = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as typeof manifest;
    const all = { ...manifestOfAll.dependencies, ...manifestOfAll.devDependencies };
    // One version of a package for the whole repository.
    for (const [name, version] of Object.entries(ours))
      expect([name, all[name] ?? version]).toEqual([name, version]);
  });
});
