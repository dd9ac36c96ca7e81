import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSchedule } from '../../../scripts/load/schedule.ts';

describe('the schedule', () => {
  it('makes the first request due at once and the others at equal distances', () => {
    const schedule = createSchedule(500, Infinity);
    expect([0, 1.9, 2, 3.9, 4, 1000].map((ms) => schedule.dueAfter(ms))).toEqual([1, 1, 2, 2, 3, 501]);
    expect(schedule.dueMs(500)).toBe(1000);
  });

  it('catches up after a pause: what was due is due', () => {
    expect(createSchedule(500, Infinity).dueAfter(20_000)).toBe(10_001);
  });

  it('never makes more requests due than asked for', () => {
    expect(createSchedule(500, 10_000).dueAfter(60_000)).toBe(10_000);
  });

  it('agrees with itself: a request is due from its due time on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.nat(1_000_000), (qps, index) => {
        const schedule = createSchedule(qps, Infinity);
        // A thousandth of a millisecond for the rounding of fractions.
        expect(schedule.dueAfter(schedule.dueMs(index) + 0.001)).toBeGreaterThanOrEqual(index + 1);
        expect(schedule.dueAfter(schedule.dueMs(index) - 0.001)).toBeLessThanOrEqual(index + 1);
      }),
    );
  });
});
