// jest needs JavaScript; esbuild strips the types in milliseconds.
// Type errors are found by `npm run typecheck`.
import { transformSync } from 'esbuild';

export default {
  process: (source, path) =>
    transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      sourcefile: path,
    }),
};
