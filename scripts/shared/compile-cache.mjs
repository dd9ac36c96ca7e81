/**
 * Node's compile cache for a tool: `node --import ./scripts/shared/compile-cache.mjs
 * node_modules/eslint/bin/eslint.js`. Not in the temp folder, Node's default: cached code is executed, and
 * another user may have created that folder first.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Since Node 22.1.
module.enableCompileCache?.(fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url)));
