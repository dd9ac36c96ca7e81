/**
 * Keeps what Node has compiled of a tool: `node --import ./scripts/shared/compile-cache.mjs node_modules/eslint/bin/eslint.js`.
 * Not in the temp folder, which such tools would choose by themselves: what is cached is run, and there somebody else may have made the folder first.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Since Node 22.1.
module.enableCompileCache?.(fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url)));
