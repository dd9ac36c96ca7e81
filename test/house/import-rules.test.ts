import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

interface SourceFile {
  path: string;
  text: string;
  /** Import targets: repository paths for relative imports, package names otherwise. */
  imports: string[];
}

const importPattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)['"]([^'"]+)['"]/g;

function parse(path: string, text: string): SourceFile {
  const imports = [...text.matchAll(importPattern)].map((match) => {
    const target = match[1] ?? '';
    return target.startsWith('.') ? relative(root, resolve(root, dirname(path), target)) : target;
  });
  return { path, text, imports };
}

function sourcesUnder(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') || name.endsWith('.cjs'))
    .map((name) => join(folder, name))
    .map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

/** `path imports target` for every import that `isForbidden` says may not be. */
function violations(
  files: SourceFile[],
  isForbidden: (target: string, file: SourceFile) => boolean,
): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((target) => isForbidden(target, file))
      .map((target) => `${file.path} imports ${target}`),
  );
}

const services = sourcesUnder('services');
const inScripts = sourcesUnder('scripts');
const PLAYGROUND_TESTS = 'scripts/playground/test/';
const scripts = inScripts.filter(({ path }) => !path.startsWith(PLAYGROUND_TESTS));
const playground = scripts.filter(({ path }) => path.startsWith('scripts/playground/'));
const tests = [...sourcesUnder('test'), ...inScripts.filter(({ path }) => path.startsWith(PLAYGROUND_TESTS))];

describe('who may know whom', () => {
  it('finds the sources it judges', () => {
    expect(services.length).toBeGreaterThan(5);
    expect(scripts.length).toBeGreaterThan(30);
    expect(violations(services, (target) => target === 'express').length).toBeGreaterThan(0);
  });

  it('keeps services and scripts apart', () => {
    expect(
      violations(services, (target) => target.startsWith('scripts/') || target.startsWith('test/')),
    ).toEqual([]);
    expect(
      violations(scripts, (target) => target.startsWith('services/') || target.startsWith('test/')),
    ).toEqual([]);
  });

  it('lets only the demo know the playground', () => {
    const others = scripts.filter(
      ({ path }) => !path.startsWith('scripts/playground/') && !path.startsWith('scripts/demo/'),
    );
    expect(
      violations(
        others,
        (target) => target.startsWith('scripts/playground/') || target.startsWith('scripts/demo/'),
      ),
    ).toEqual([]);
  });

  it('lets the playground be known by its entry alone, in the demo and in one file of the tests', () => {
    const outside = [...scripts, ...tests].filter(({ path }) => !path.startsWith('scripts/playground/'));
    expect(violations(outside, (target) => target.startsWith('scripts/playground/'))).toEqual([
      'scripts/demo/main.ts imports scripts/playground/index.ts',
      'test/support/cluster.ts imports scripts/playground/index.ts',
      'test/support/cluster.ts imports scripts/playground/index.ts',
    ]);
  });

  it('seals the playground: it knows nobody outside but scripts/render and scripts/shared', () => {
    const ownTests = tests.filter(({ path }) => path.startsWith(PLAYGROUND_TESTS));
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
    const ownTests = tests.filter(({ path }) => path.startsWith(PLAYGROUND_TESTS));
    expect(violations(playground, isUnnamed(manifest.dependencies))).toEqual([]);
    expect(violations(ownTests, isUnnamed(ours))).toEqual([]);
    const manifestOfAll = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as typeof manifest;
    const all = { ...manifestOfAll.dependencies, ...manifestOfAll.devDependencies };
    // One version of a package for the whole repository.
    for (const [name, version] of Object.entries(ours))
      expect([name, all[name] ?? version]).toEqual([name, version]);
  });

  it('keeps @kubernetes/client-node behind the adapter in scripts/shared', () => {
    const others = [...services, ...scripts].filter(
      ({ path }) => !path.startsWith('scripts/shared/cluster/'),
    );
    expect(violations(others, (target) => target.startsWith('@kubernetes/client-node'))).toEqual([]);
  });

  it('listens by scripts/shared/listener alone, so that no request can end a process', () => {
    // The programs of the bench measure Node's own server, or stand in, as the late network does, for something within one test run.
    const listening = /\bcreate(?:Secure)?Server\(|\bcreateServer\b/;
    const guilty = scripts
      .filter(({ path }) => !/^scripts\/(shared\/(listener|callers)|bench)\//.test(path))
      .filter(({ text }) => listening.test(withoutAsides(text)))
      .map(({ path }) => path);
    // HTTP/2 has no wrapper of its own: its server, sessions and streams are guarded where they are made.
    expect(guilty).toEqual(['scripts/playground/mesh/data-plane/envoy/grpc.ts']);
  });

  it('touches argv, env, signals and exit codes only in a main.ts', () => {
    const touching = /\bprocess\.(argv|env|exit|exitCode)\b|\bprocess\.(on|once)\(\s*'SIG/;
    const guilty = [...services, ...scripts]
      .filter(({ path }) => !path.endsWith('/main.ts') && !isProgramOfItsOwn(path))
      .filter(({ text }) => touching.test(withoutAsides(text)))
      .map(({ path }) => path);
    expect(guilty).toEqual([]);
  });
});

/** Without comments, without the text of other programs (`node -e`), and without handing one's environment on to a child. */
function withoutAsides(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .replace(/`\s*(?:require\(|import |const )[^`]*`/g, '')
    .replace(/\.\.\.process\.env\b/g, '');
}

/**
 * Child programs of the playground are mains too, and the shim lives inside the pod's process. `run-main.ts` is the one
 * place that turns errors and signals into exit codes for every main: one for the scripts, one for the services.
 */
function isProgramOfItsOwn(path: string): boolean {
  return /-(main|program)\.ts$|\.cjs$/.test(path) || /^(scripts|services)\/shared\/run-main\.ts$/.test(path);
}
