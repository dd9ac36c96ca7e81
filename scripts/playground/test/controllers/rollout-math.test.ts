import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  nextNewSize,
  nextOldSizes,
  proportionalSizes,
  rolloutLimits,
} from '../../controllers/rollout-math.ts';

describe('the arithmetic of a rolling update', () => {
  it.each([
    { replicas: 4, surge: '25%', unavailable: '25%', limits: { maxSurge: 1, maxUnavailable: 1 } },
    { replicas: 5, surge: '25%', unavailable: '25%', limits: { maxSurge: 2, maxUnavailable: 1 } },
    { replicas: 10, surge: '30%', unavailable: 0, limits: { maxSurge: 3, maxUnavailable: 0 } },
    { replicas: 3, surge: 1, unavailable: 0, limits: { maxSurge: 1, maxUnavailable: 0 } },
    { replicas: 1, surge: 0, unavailable: '50%', limits: { maxSurge: 0, maxUnavailable: 1 } },
    { replicas: 2, surge: 0, unavailable: 5, limits: { maxSurge: 0, maxUnavailable: 2 } },
  ])(
    'of $replicas replicas with surge $surge and unavailable $unavailable has limits $limits',
    ({ replicas, surge, unavailable, limits }) => {
      expect(rolloutLimits(replicas, surge, unavailable)).toEqual(limits);
    },
  );

  it('goes up by the surge, and down only by what is available above the minimum', () => {
    const limits = rolloutLimits(2, 1, 0);
    const old = [{ wanted: 2, available: 2 }];
    expect(nextNewSize(2, { wanted: 0, available: 0 }, old, limits)).toBe(1);
    expect(nextOldSizes(2, { wanted: 1, available: 0 }, old, limits)).toEqual([2]);
    expect(nextOldSizes(2, { wanted: 1, available: 1 }, old, limits)).toEqual([1]);
  });

  it('takes pods that are not available away first', () => {
    const limits = rolloutLimits(3, 1, 0);
    const old = [
      { wanted: 3, available: 3 },
      { wanted: 1, available: 0 },
    ];
    expect(nextOldSizes(3, { wanted: 0, available: 0 }, old, limits)).toEqual([3, 0]);
  });

  it('spreads a new size over the ReplicaSets of a running rollout in proportion', () => {
    // 10 -> 15 with surge 3, in the middle of 8 old and 5 new: documented example of the Kubernetes manual.
    const sets = [
      { size: 8, maxReplicas: 13 },
      { size: 5, maxReplicas: 13 },
    ];
    expect(proportionalSizes(sets, 18, 15, 3)).toEqual([11, 7]);
  });

  it('never asks for more than the surge, never counts on less than the minimum, and comes to an end', () => {
    const percent = fc.integer({ min: 0, max: 100 }).map((value) => `${value}%`);
    const amount = fc.oneof(fc.integer({ min: 0, max: 12 }), percent);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        amount,
        amount,
        fc.infiniteStream(fc.boolean()),
        (replicas, surge, unavailable, coins) => {
          const limits = rolloutLimits(replicas, surge, unavailable);
          let newSet = { wanted: 0, available: 0 };
          let oldSet = { wanted: replicas, available: replicas };
          for (let round = 0; round < 500; round += 1) {
            newSet = { ...newSet, wanted: nextNewSize(replicas, newSet, [oldSet], limits) };
            expect(newSet.wanted + oldSet.wanted).toBeLessThanOrEqual(replicas + limits.maxSurge);
            const [size = 0] = nextOldSizes(replicas, newSet, [oldSet], limits);
            oldSet = { wanted: size, available: Math.min(oldSet.available, size) };
            expect(newSet.available + oldSet.available).toBeGreaterThanOrEqual(
              replicas - limits.maxUnavailable,
            );
            if (newSet.available === replicas && oldSet.wanted === 0) return;
            // Pods become available when chance wants, at the latest after a while.
            if (newSet.available < newSet.wanted && (coins.next().value === true || round % 10 === 9))
              newSet = { ...newSet, available: newSet.available + 1 };
          }
          throw new Error('the rollout does not end');
        },
      ),
      { numRuns: 300 },
    );
  });
});
