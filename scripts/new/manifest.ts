import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { TOOLS } from '../pack/tools-package.ts';
import type { Chosen } from './choose-files.ts';

export interface Manifest {
  version: string;
  license: string;
  engines: Record<string, string>;
  workspaces?: string[];
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  overrides: Record<string, string>;
}

/** What nobody imports, and everybody needs. */
const tools = ['@types/node', 'eslint', 'jest', 'prettier', 'typescript'];
/** Commands that come packed where their source does not. */
const packedCommands = ['render', 'switch', 'load'];

export function readManifest(root: string): Manifest {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
}

/**
 * The package.json of the new repository: the scripts whose files go
 * along, and of our packages those that these files import.
 * @param rename exchanges the words of a text
 * @param archive of the packed tools, from the new top folder
 */
export function manifestFor(
  root: string,
  {
    name,
    chosen,
    archive,
    rename,
  }: { name: string; chosen: readonly Chosen[]; archive: string; rename: (text: string) => string },
): object {
  const ours = readManifest(root);
  const files = new Set(chosen.map(({ from }) => from));
  const isHere = (file: string): boolean =>
    files.has(file) ||
    [...files].some((each) => each.startsWith(`${file}/`)) ||
    file.startsWith('node_modules/');
  const imported = (isTest: boolean): Set<string> =>
    new Set(
      chosen.filter(({ to }) => isOfTests(to) === isTest).flatMap(({ from }) => packagesOf(root, from)),
    );
  const running = imported(false);
  const developing = new Set([...imported(true), ...packagesOf(root, 'eslint.config.js'), ...tools]);
  const versions = { ...ours.devDependencies, ...ours.dependencies };
  const typesOf = (name: string): string => `@types/${name.replace(/^@/, '').replace('/', '__')}`;
  const pick = (isWanted: (name: string) => boolean): Record<string, string> =>
    Object.fromEntries(
      Object.entries(versions)
        .filter(([each]) => isWanted(each))
        .sort(),
    );
  const dependencies = pick((each) => running.has(each));
  const all = [...running, ...developing];
  return {
    name,
    version: '0.1.0',
    description: `${name}, released on Kubernetes and Istio without losing a request.`,
    private: true,
    license: ours.license,
    type: 'module',
    engines: ours.engines,
    ...(ours.workspaces?.some(isHere) === true ? { workspaces: ours.workspaces.filter(isHere) } : {}),
    scripts: scriptsFor(ours.scripts, isHere, rename),
    dependencies: { ...dependencies, [TOOLS]: `file:${archive}` },
    devDependencies: pick(
      (each) =>
        dependencies[each] === undefined &&
        (developing.has(each) || all.some((one) => typesOf(one) === each)),
    ),
    overrides: Object.fromEntries(
      Object.entries(ours.overrides).map(([each, version]) => [
        each,
        version.startsWith('$') ? versions[version.slice(1)] : version,
      ]),
    ),
  };
}

const isOfTests = (file: string): boolean => /(^|\/)test\//.test(file) || file.endsWith('.config.js');

/** The packages that a file imports, by value or by type. */
function packagesOf(root: string, file: string): string[] {
  if (!/\.(ts|mjs|js)$/.test(file)) return [];
  return [
    ...readFileSync(path.join(root, file), 'utf8').matchAll(
      /(?:\bfrom|^import|\bimport\()\s*'([^'.][^']*)'/gm,
    ),
  ]
    .map(([, target = '']) => target)
    .filter((target) => !isBuiltin(target))
    .map((target) => target.split('/', target.startsWith('@') ? 2 : 1).join('/'));
}

/** Of each script the commands whose files are there. */
function scriptsFor(
  ours: Record<string, string>,
  isHere: (file: string) => boolean,
  rename: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ours).flatMap(([name, script]) => {
      const commands = script.split(' && ').filter((command) => filesIn(command).every(isHere));
      if (commands.length > 0) return [[name, rename(commands.join(' && '))]];
      return packedCommands.includes(name) ? [[name, `zero-downtime-${name}`]] : [];
    }),
  );
}

const filesIn = (command: string): string[] =>
  command.split(' ').flatMap((word) => {
    const file = word.replace(/^\.\//, '');
    return /^[\w.-]+(\/|\.(mjs|js)$)/.test(file) ? [file] : [];
  });
