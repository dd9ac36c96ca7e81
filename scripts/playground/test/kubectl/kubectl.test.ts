import { describe, expect, it } from '@jest/globals';
import { DIFFERENCES } from './support/differences.ts';
import { Bench, runMatrix } from './support/matrix.ts';
import { findTools } from '../../../../test/support/tools/tools.ts';

/** The first part of the matrix; all of it: npm run test:matrix -- test/matrix/kubectl. */
const LAST = 'apply --server-side --force-conflicts';

const tools = await findTools();

describe('real kubectl 1.36', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `prints what it prints on a real cluster${typeof tools === 'string' ? ` (skipped: ${tools})` : ''}`,
    async () => {
      if (typeof tools === 'string') return;
      const bench = await Bench.start(tools);
      try {
        const verdicts = await runMatrix(bench, { upTo: LAST });
        expect(verdicts.at(-1)?.title).toBe(LAST);
        const others = verdicts.filter(({ isSame, title }) => !isSame && !(title in DIFFERENCES));
        expect(others).toEqual([]);
      } finally {
        await bench.close();
      }
    },
    120_000,
  );
});
