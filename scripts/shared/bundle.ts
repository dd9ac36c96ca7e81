import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Bundles a TypeScript program into one file that plain `node` runs: it starts faster than through a loader, and it
 * still runs when the sources change meanwhile. esbuild runs once and leaves no service process behind.
 */
export async function bundle(entry: string, outfile: string): Promise<void> {
  const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild');
  await run(esbuild, [
    entry,
    `--outfile=${outfile}`,
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--target=node20',
    '--log-level=error',
    // CommonJS dependencies bundled into a module still call require and read __dirname.
    "--banner:js=import { createRequire as __createRequire } from 'node:module'; import { dirname as __dirnameOf } from 'node:path'; import { fileURLToPath as __pathOf } from 'node:url'; const require = __createRequire(import.meta.url); const __filename = __pathOf(import.meta.url); const __dirname = __dirnameOf(__filename);",
  ]);
}
