import { describe, expect, it } from '@jest/globals';
import { Bench } from '../../kubectl/support/matrix.ts';
import { doRandomly, readByHttp, readByKubectl } from '../../kubectl/support/random-operations.ts';
import { findTools } from '../../kubectl/support/tools.ts';

const ROUNDS = 10;
const OPERATIONS = 1_000;

const tools = await findTools();
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';

describe('the client library, kubectl and plain HTTP', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `agree on what the server holds after each of ${ROUNDS} x ${OPERATIONS} random operations${why}`,
    async () => {
      if (typeof tools === 'string') return;
      const bench = await Bench.start(tools);
      try {
        for (let seed = 1; seed <= ROUNDS; seed += 1) {
          const model = Object.fromEntries(await doRandomly(bench, OPERATIONS, seed));
          expect(await readByKubectl(bench)).toEqual(model);
          expect(await readByHttp(bench)).toEqual(model);
          await bench.kubectl(['delete', 'configmaps', '-n', 'default', ...Object.keys(model)]);
        }
      } finally {
        await bench.close();
      }
    },
  );
});
