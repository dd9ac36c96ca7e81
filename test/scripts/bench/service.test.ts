import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { measureChurn } from '../../../scripts/bench/pod/churn.ts';
import { measureQuietEnd } from '../../../scripts/bench/pod/quiet-end.ts';
import { createServerPrograms, type ServerPrograms } from '../../../scripts/bench/pod/server-process.ts';
import { measureThroughput } from '../../../scripts/bench/pod/throughput.ts';

let programs: ServerPrograms;

beforeEach(() => {
  programs = createServerPrograms();
});
afterEach(() => programs.close());

describe('the benchmarks of the service, in small', () => {
  // Sizes for numbers that mean something belong to npm run bench: here only that there are numbers.
  it('compare its throughput with Express and node:http alone', async () => {
    const results = await measureThroughput(programs, { processes: 1, slices: 2, requests: 300 });
    expect(results.map(({ name }) => name)).toEqual([
      'service: throughput with metrics and lifecycle',
      'service: p99 with metrics and lifecycle',
      'service: throughput beside bare node:http',
    ]);
    for (const { value } of results) expect(value).toBeGreaterThan(0);
  });

  it('see no handle and no label set grow', async () => {
    const [memory, ...rest] = await measureChurn(programs, { requests: 1_000, rounds: 10 });
    expect(memory?.value).toBeGreaterThan(0);
    expect(rest.map(({ value }) => value)).toEqual([0, 0]);
  });

  it('see a pod go as soon as its rule allows', async () => {
    const [end] = await measureQuietEnd(programs, { minMs: 400, quietMs: 200 });
    // It is the benchmark that holds the limit: this machine may be busy.
    expect(end?.value).toBeGreaterThanOrEqual(0.4);
    expect(end?.limit).toBe(1.1);
  });
});
