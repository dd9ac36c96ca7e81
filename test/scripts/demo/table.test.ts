import { describe, expect, it } from '@jest/globals';
import type { ScenarioResult } from '../../../scripts/demo/result.ts';
import { summarizeDemo } from '../../../scripts/demo/summary.ts';
import { drawTable } from '../../../scripts/demo/table.ts';
import { accountWith } from './account.ts';

const none = { refused: 0, unreachable: 0, reset: 0, closed: 0, truncated: 0, timeout: 0 };
const base: ScenarioResult = {
  id: 'istio-switch',
  weather: 'rough',
  title: 'the switch',
  shows: 'proof',
  expected: 'none',
  verdict: 'kept',
  account: accountWith({}),
  releaseMs: 17_320,
  releaseAtMs: 2_000,
  steps: [],
  firstCoffeeMs: 3_000,
};
const losing: ScenarioResult = {
  ...base,
  id: 'plain-naive',
  weather: 'calm',
  expected: 'some',
  verdict: 'shown',
  account: accountWith({
    sent: 7_000,
    ok: 6_900,
    lost: 100,
    byStatus: { 201: 6_900, 503: 20 },
    byError: { ...none, refused: 60, closed: 20 },
    byReason: { ECONNREFUSED: 60, '503 no healthy upstream': 20, 'connection closed without an answer': 20 },
  }),
  releaseMs: 3_100,
};

describe('the demo table', () => {
  it('has one line per run, with how its requests were lost and which versions answered', () => {
    expect(drawTable([losing, base]).split('\n')).toEqual([
      'scenario      weather    sent  lost  how                             versions           release  verdict',
      '------------  -------  ------  ----  ------------------------------  -----------------  -------  -------------------------',
      'plain-naive   calm      7,000   100  503: 20, refused 60, closed 20  v1 4,000 v2 6,000    3.1 s  loses, as expected',
      'istio-switch  rough    10,000     0  -                               v1 4,000 v2 6,000   17.3 s  nothing lost, as promised',
    ]);
  });

  it('says at its end how many promises were kept', () => {
    const text = summarizeDemo([losing, base]);
    expect(text).toContain('plain-naive, calm: most often (60 times) "ECONNREFUSED"');
    expect(text.split('\n').at(-1)).toBe(
      '1 of 2 runs promised to lose nothing and lost none of 10,000 requests; 1 of 2 lost some.',
    );
  });

  it('says why a run failed, and that it did', () => {
    const failed: ScenarioResult = {
      ...base,
      verdict: 'failed',
      account: undefined,
      error: 'gateway not proven',
    };
    const text = summarizeDemo([failed, losing]);
    expect(text).toContain('istio-switch, rough: gateway not proven');
    expect(text.split('\n').at(-1)).toBe('1 of 2 runs did not do what they must.');
  });
});
