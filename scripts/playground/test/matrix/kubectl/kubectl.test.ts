import { describe, expect, it } from '@jest/globals';
import { DIFFERENCES, LEAST_SHARE } from '../../kubectl/support/differences.ts';
import { Bench, runMatrix } from '../../kubectl/support/matrix.ts';
import { findTools } from '../../../../../test/support/tools/tools.ts';

const tools = await findTools();
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';

describe('every command of real kubectl 1.36', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `prints what it prints on a real cluster, or is listed with the reason${why}`,
    async () => {
      if (typeof tools === 'string') return;
      const bench = await Bench.start(tools);
      try {
        const verdicts = await runMatrix(bench);
        const others = verdicts.filter(({ isSame }) => !isSame);
        expect(others.filter(({ title }) => !(title in DIFFERENCES))).toEqual([]);
        expect(1 - others.length / verdicts.length).toBeGreaterThanOrEqual(LEAST_SHARE);
      } finally {
        await bench.close();
      }
    },
  );
});
