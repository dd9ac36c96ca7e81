import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judge } from '../../../services/shared/quiet.ts';

const rule = { minMs: 5_000, quietMs: 2_000, deadlineMs: 20_000 };
const at = (now: number, activity: { active?: number; lastAt?: number }) =>
  judge(rule, 0, { active: 0, lastAt: -Infinity, ...activity }, now);

describe('the quiet rule', () => {
  it('waits for the minimum even if nobody has asked for long', () => {
    expect(at(0, {})).toEqual({ over: undefined, checkAgainInMs: 5_000 });
    expect(at(4_999, {})).toEqual({ over: undefined, checkAgainInMs: 1 });
    expect(at(5_000, {})).toEqual({ over: 'quiet' });
  });

  it('waits until the last request is quietMs ago', () => {
    expect(at(5_000, { lastAt: 4_500 })).toEqual({ over: undefined, checkAgainInMs: 1_500 });
    expect(at(6_500, { lastAt: 4_500 })).toEqual({ over: 'quiet' });
  });

  it('is never quiet while a request runs', () => {
    expect(at(10_000, { active: 1, lastAt: 0 })).toEqual({ over: undefined, checkAgainInMs: 2_000 });
  });

  it('ends at the deadline whatever happens', () => {
    expect(at(19_000, { active: 1 })).toEqual({ over: undefined, checkAgainInMs: 1_000 });
    expect(at(20_000, { active: 1 })).toEqual({ over: 'deadline' });
    expect(at(20_000, { lastAt: 19_999 })).toEqual({ over: 'deadline' });
  });

  it('asks to be checked again exactly when its verdict can change first', () => {
    const ms = fc.integer({ min: 0, max: 30_000 });
    fc.assert(
      fc.property(fc.record({ minMs: ms, quietMs: ms, deadlineMs: ms }), ms, ms, (anyRule, lastAt, now) => {
        const activity = { active: 0, lastAt: Math.min(lastAt, now) };
        const verdict = judge(anyRule, 0, activity, now);
        if (verdict.over) return;
        const then = now + verdict.checkAgainInMs;
        expect(judge(anyRule, 0, activity, then - 1).over).toBeUndefined();
        expect(judge(anyRule, 0, activity, then).over).toBeDefined();
      }),
    );
  });
});
