import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './sources.ts';

/** Each takes 50 ms and more to load: nothing that `--help` and `--version` wait for. */
const slow = ['@kubernetes/client-node', 'esbuild', 'express', 'prettier', 'prom-client', 'typescript'];

const staticImport = /^(?:import|export) (?!type\b)(?:[^;']*?\bfrom )?'([^']+)'/gm;

/** The packages that a program loads before it runs, each with the files on the way to it. */
function packagesOf(file: string, way: string[] = [], seen = new Set<string>()): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (seen.has(file)) return found;
  seen.add(file);
  const here = [...way, file];
  for (const [, target = ''] of readFileSync(path.join(root, file), 'utf8').matchAll(staticImport)) {
    if (!target.startsWith('.')) found.set(target, here);
    else if (/\.[cm]?ts$/.test(target))
      for (const [name, via] of packagesOf(path.join(path.dirname(file), target), here, seen))
        found.set(name, via);
  }
  return found;
}

const commands = readdirSync(path.join(root, 'scripts'))
  .map((name) => `scripts/${name}/main.ts`)
  // npm alone starts the one that packs.
  .filter((file) => existsSync(path.join(root, file)) && file !== 'scripts/pack/main.ts');
const services = ['services/coffee-shop/main.ts', 'services/lifecycle-sidecar/main.ts'];

describe('--help and --version', () => {
  it.each([...commands, ...services])('of %s wait for no package that is slow to load', (file) => {
    const packages = packagesOf(file);
    expect(packages.size).toBeGreaterThan(0);
    expect([...packages].filter(([name]) => slow.includes(name))).toEqual([]);
  });

  it('would wait for what a command loads later, and that is seen', () => {
    expect([...packagesOf('scripts/image/run-command.ts').keys()]).toContain('esbuild');
  });
});
