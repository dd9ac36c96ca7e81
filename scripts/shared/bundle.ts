import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { CommandError, messageOf } from './errors.ts';

const run = promisify(execFile);

/**
 * Bundles a TypeScript program into one file that plain `node` runs: it starts faster than through a loader,
 * and it still runs when the sources change meanwhile. esbuild runs once, without its service process.
 * @throws CommandError with the first thing that was wrong, such as a disk without room for `outfile`
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
  ]).catch((error: unknown) => {
    throw notBundled(outfile, error);
  });
}

/** The first line of esbuild's message: the rest shows a place in our own sources. */
export function notBundled(outfile: string, error: unknown): CommandError {
  const { stderr } = error as { stderr?: unknown };
  const said = typeof stderr === 'string' && stderr.trim() !== '' ? stderr : messageOf(error);
  const [, reason = said.trim().split('\n')[0]] =
    /(?:\[ERROR\]|^error:) *(?:Failed to write .*: )?(.*)$/m.exec(said) ?? [];
  return new CommandError(`${outfile} could not be written: ${reason}`, { cause: error });
}
