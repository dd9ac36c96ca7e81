import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

export const root = path.resolve(import.meta.dirname, '../../../..');

/**
 * A bundle lies elsewhere than its sources, which look for their neighbours: each file keeps its own place.
 */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      if (file.includes('node_modules')) return undefined;
      const places = `const folderOfThisFile = ${JSON.stringify(path.dirname(file))}, urlOfThisFile = ${JSON.stringify(pathToFileURL(file).href)};`;
      const text = readFileSync(file, 'utf8')
        .replaceAll('import.meta.dirname', 'folderOfThisFile')
        .replaceAll('import.meta.url', 'urlOfThisFile');
      return { loader: 'ts', contents: places + text };
    });
  },
};

/**
 * Bundles the programs of npm's scripts, since a process for each cell of a table starts six times as fast
 * from a bundle as from its sources. Answers where each one lies, by the path of its main.ts.
 */
export async function bundleCommands(
  mains: readonly string[],
): Promise<{ programOf: (main: string) => string; remove: () => void }> {
  // Below node_modules: what is not bundled is found from there.
  const parent = path.join(root, 'node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  const outdir = mkdtempSync(path.join(parent, 'conditions-'));
  // Another user runs them too.
  chmodSync(outdir, 0o755);
  const nameOf = (main: string): string => main.replace(/\.ts$/, '').replaceAll('/', '-');
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(mains.map((main) => [nameOf(main), main])),
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    outExtension: { '.js': '.mjs' },
    // Packages that were written for require.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    external: ['esbuild', 'tsx', '@observablehq/plot'],
    plugins: [ownPlaces],
  });
  return {
    programOf: (main) => path.join(outdir, `${nameOf(main)}.mjs`),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
