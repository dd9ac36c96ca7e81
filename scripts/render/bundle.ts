import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface Bundle {
  /** Run it with plain `node`. */
  program: string;
  remove: () => void;
}

/**
 * Bundles the command into plain JavaScript, so that it starts as fast as Node itself. The cluster client is
 * a chunk of its own, loaded when apply or delete need it.
 */
export async function bundleCommand(): Promise<Bundle> {
  // Inside node_modules, so that the cluster client can be resolved.
  const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'render-'));
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // `yaml` is CommonJS and requires Node's built-in modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    external: ['@kubernetes/client-node'],
    logLevel: 'silent',
  });
  return {
    program: join(outdir, 'main.mjs'),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
