import { dirname } from 'node:path';
import { buildSync } from 'esbuild';
import type { AppFiles } from './build-image.ts';

/** Bundles a service into one file, and its source map: no node_modules in the image. */
export function bundleService(main: string): AppFiles {
  const { outputFiles } = buildSync({
    // Paths in the source map are relative to it: where the repository lies is no part of the image.
    absWorkingDir: dirname(main),
    entryPoints: [main],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    outfile: 'app/main.cjs',
    write: false,
    logLevel: 'error',
  });
  const files = outputFiles.map(({ path, contents }) => ({
    path: path.endsWith('.map') ? 'app/main.cjs.map' : 'app/main.cjs',
    type: 'file' as const,
    mode: 0o644,
    data: Buffer.from(contents),
  }));
  return { files: [{ path: 'app', type: 'folder', mode: 0o755 }, ...files], cmd: ['/app/main.cjs'] };
}
