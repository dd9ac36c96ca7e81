import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'overrides',
  Record<string, string>
>;

/** Of the commands that a pipeline runs, and of the services. */
const running = [
  'services',
  ...['image', 'load', 'render', 'shared', 'switch'].map((name) => `scripts/${name}`),
];

/** The packages whose code a folder's files import: not those whose types they know. */
function packagesOf(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...read(path.join(folder, name)).matchAll(
        /^(?:import|export) (?!type )[^';]*?from '([^'.][^']*)'|^import '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
      ),
    ])
    .map(([, named, alone, later]) => named ?? alone ?? later ?? '')
    .filter((name) => !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

describe('the dependencies', () => {
  it('hold what services and pipeline commands import, and TypeScript for the Node that has none', () => {
    const imported = new Set(running.flatMap(packagesOf));
    expect(imported.has('express')).toBe(true);
    expect(Object.keys(manifest.dependencies).sort()).toEqual([...imported, 'tsx'].sort());
  });

  it('have a reason for each override', () => {
    const reasons = /^## Systems and dependencies$([\s\S]*)/m.exec(read('CONTRIBUTING.md'))?.[1] ?? '';
    for (const [name, override] of Object.entries(manifest.overrides)) {
      const version = override === `$${name}` ? manifest.dependencies[name] : override;
      expect(reasons).toMatch(new RegExp(`^\\| ${name} ${String(version)} +\\| .{20}`, 'm'));
    }
  });
});
