import { buildSync } from 'esbuild';

// CommonJS dependencies in an ES module bundle still call require and read __dirname.
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const { filename: __filename, dirname: __dirname } = import.meta;";

export interface BundleScriptOptions {
  /** Minify whitespace and syntax; names stay, since error classes are told apart by them. Default: no. */
  small?: boolean;
}

/**
 * One of our scripts and all that it imports as one module, for plain Node from 20.19 on.
 * @param root the repository's top folder
 * @param entry such as `scripts/switch/main.ts`
 * @returns the program, and the files that are in it
 */
export function bundleScript(
  root: string,
  entry: string,
  { small = false }: BundleScriptOptions = {},
): { code: Buffer; inputs: string[] } {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minifyWhitespace: small,
    minifySyntax: small,
    // Licences stand in a file of their own.
    legalComments: 'none',
    banner: { js: banner },
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  return { code: Buffer.from(outputFiles[0]?.contents ?? ''), inputs: Object.keys(metafile.inputs) };
}
