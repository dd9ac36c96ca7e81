import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keepsLimit } from '../../../scripts/bench/measured.ts';
import { createServerPrograms, type ServerPrograms } from '../../../scripts/bench/pod/server-process.ts';
import { measureShutdowns } from '../../../scripts/bench/pod/shutdowns.ts';

let programs: ServerPrograms;

beforeEach(() => {
  programs = createServerPrograms();
});
afterEach(() => programs.close());

describe('the benchmarks of the service, in small', () => {
  it('lose nothing at a shutdown, and something without each protection', async () => {
    const results = await measureShutdowns(programs, { shutdowns: 2, posts: 0, unprotected: 2, atOnce: 2 });
    expect(results.filter(({ limit }) => limit === 0)).toHaveLength(4);
    expect(results.filter(({ bound }) => bound === 'least')).toHaveLength(5);
    expect(results.filter((result) => !keepsLimit(result))).toEqual([]);
  }, 120_000);
});
