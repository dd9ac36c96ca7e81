import { readFileSync } from 'node:fs';
import path from 'node:path';
import { bundleScript } from '../shared/bundle-script.ts';
import { declarationsOf } from './declarations.ts';
import { licencesOf } from './licences.ts';

/** A file of a package, by its path in it. */
export interface PackedFile {
  path: string;
  data: Buffer;
  isProgram: boolean;
}

/** The commands of the package, each with the script that it starts. */
const commands: Record<string, string> = {
  'zero-downtime-render': 'scripts/render/main',
  'zero-downtime-switch': 'scripts/switch/main',
  'zero-downtime-load': 'scripts/load/main',
  'kubectl-zero_downtime': 'scripts/kubectl-plugin/main',
};
/** What a program may import: `import { renderTemplate } from 'zero-downtime-tools/render'`. */
const libraries: Record<string, string> = { './render': 'scripts/render/index' };

/** The name of the package, wherever its archive lies. */
export const TOOLS = 'zero-downtime-tools';

/**
 * The tools as a package of their own, for a repository that is not this one: each
 * command bundled with all that it imports, so that it needs Node and nothing else.
 * The sources lie where they lie here, so that what looks for a neighbour finds it.
 * @param root the repository's top folder
 */
export function toolsPackage(root: string): PackedFile[] {
  const scripts = [...Object.values(commands), ...Object.values(libraries)];
  const bundles = scripts.map((script) => ({
    script,
    ...bundleScript(root, `${script}.ts`, { small: true }),
  }));
  const types = Object.values(libraries).flatMap((script) => [...declarationsOf(root, `${script}.ts`)]);
  const text = (file: string, content: string, isProgram = false): PackedFile => ({
    path: file,
    data: Buffer.from(content),
    isProgram,
  });
  return [
    text('package.json', `${JSON.stringify(manifestOf(root), undefined, 2)}\n`),
    text('README.md', readFileSync(path.join(root, 'scripts/pack/package-readme.md'), 'utf8')),
    text('LICENSE', readFileSync(path.join(root, 'LICENSE'), 'utf8')),
    text(
      'LICENCES-OF-OTHERS.txt',
      licencesOf(
        root,
        bundles.flatMap(({ inputs }) => inputs),
      ),
    ),
    ...Object.entries(commands).map(([name, script]) =>
      text(`bin/${name}.js`, `#!/usr/bin/env node\nimport '../${script}.js';\n`, true),
    ),
    ...bundles.map(({ script, code }) => ({ path: `${script}.js`, data: code, isProgram: false })),
    ...types.map(([file, content]) => text(file, content)),
  ];
}

/** What npm is told about it. Nothing is installed with it. */
export function manifestOf(root: string): Record<string, unknown> {
  const { version, license, engines } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  return {
    name: TOOLS,
    version,
    description:
      'Renders templates, switches versions on Kubernetes and Istio without losing a request, and loads a service.',
    license,
    type: 'module',
    engines,
    bin: Object.fromEntries(Object.keys(commands).map((name) => [name, `bin/${name}.js`])),
    exports: Object.fromEntries(
      Object.entries(libraries).map(([name, script]) => [
        name,
        { types: `./${script}.d.ts`, default: `./${script}.js` },
      ]),
    ),
  };
}
