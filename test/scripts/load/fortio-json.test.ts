import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createFortioCollector } from '../../../scripts/load/fortio-json.ts';
import { accountWith } from '../demo/account.ts';

/** Written by `fortio load -json` of Fortio 1.63.9; its long lists are cut short. */
const real = JSON.parse(
  readFileSync(new URL('../../fixtures/load/fortio-1.63.9-result.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/**
 * `{Count: number, Data: [{Start: number}]}`: names and kinds of
 * values, of lists the first entry. Keys of counts do not matter.
 */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

describe('--fortio-json', () => {
  const collector = createFortioCollector();
  const times = { dueMs: 0, sentMs: 0, endMs: 3 };
  collector.observe({ kind: 'answer', status: 201, version: 'v1', pod: 'p', bodyStart: '' }, times);
  collector.observe({ kind: 'reset', reason: 'ECONNRESET' }, times);
  const ours = collector.toJson(accountWith({}));

  it('has the fields that Fortio writes, and none of its own', () => {
    const known = shapeOf(real) as Record<string, unknown>;
    const { RetCodes, IPCountMap, ...rest } = shapeOf(ours) as Record<string, unknown>;
    expect([RetCodes, IPCountMap]).toEqual([{ '-1': 'number', 201: 'number' }, {}]);
    expect(known).toMatchObject(rest);
  });

  it('gives durations in seconds, but the whole run in nanoseconds, as Fortio does', () => {
    expect(ours).toMatchObject({
      ActualDuration: 20_000_000_000,
      RequestedDuration: '20s',
      RequestedQPS: '500',
    });
    expect(ours['DurationHistogram']).toMatchObject({ Count: 2, Avg: 0.003 });
    expect(real['RequestedDuration']).toBe('2s');
    expect(real['ActualDuration']).toBeGreaterThan(2e9);
  });
});
