import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { PageParts } from './render-html.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The page's style, and its drawing code in one piece. */
export async function loadPageParts(entry: 'report.ts' | 'live.ts' = 'report.ts'): Promise<PageParts> {
  const [css, bundled] = await Promise.all([
    readFile(here('page.css'), 'utf8'),
    build({
      entryPoints: [here(`../page/${entry}`)],
      bundle: true,
      minify: true,
      format: 'iife',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
      legalComments: 'inline',
    }),
  ]);
  return { css, script: bundled.outputFiles[0]?.text ?? '' };
}
