import { describe, expect, it, jest } from '@jest/globals';
import { usableTargets, type EndpointSlice } from '../../network/endpoint-rules.ts';
import { lateRules } from '../../network/late-rules.ts';
import { createRandom, drawMs } from '../../network/random.ts';
import { RULES_LAG } from '../../network/service-proxy.ts';

function slice(
  ...endpoints: [ip: string, ready: boolean, serving: boolean, terminating: boolean][]
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 's', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: endpoints.map(([ip, ready, serving, terminating]) => ({
      addresses: [ip],
      conditions: { ready, serving, terminating },
    })),
  };
}
const ips = (one: EndpointSlice): string[] => usableTargets([one], 'http').map(({ ip }) => ip);

describe("a node's rules", () => {
  it('send to ready endpoints only', () => {
    expect(
      ips(slice(['a', true, true, false], ['b', false, true, true], ['c', false, false, false])),
    ).toEqual(['a']);
  });

  it('fall back to terminating endpoints that still serve when none is ready', () => {
    expect(
      ips(slice(['b', false, true, true], ['c', false, false, true], ['d', false, false, false])),
    ).toEqual(['b']);
  });

  it('know a port by its name', () => {
    expect(usableTargets([slice(['a', true, true, false])], 'admin')).toEqual([]);
  });

  it('change late, once for all changes that came meanwhile', () => {
    jest.useFakeTimers();
    try {
      const sync = jest.fn();
      const rules = lateRules({ lag: 60, minPeriodMs: 1_000, random: () => 0, sync });
      rules.changed();
      jest.advanceTimersByTime(40);
      rules.changed();
      expect(sync).not.toHaveBeenCalled();
      jest.advanceTimersByTime(20);
      expect(sync).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('change at most once a period: a change right after a sync waits for the next', () => {
    jest.useFakeTimers();
    try {
      const sync = jest.fn();
      const rules = lateRules({ lag: 60, minPeriodMs: 1_000, random: () => 0, sync });
      rules.changed();
      jest.advanceTimersByTime(100);
      rules.changed();
      jest.advanceTimersByTime(959);
      expect(sync).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(1);
      expect(sync).toHaveBeenCalledTimes(2);
      jest.advanceTimersByTime(5_000);
      rules.changed();
      jest.advanceTimersByTime(60);
      expect(sync).toHaveBeenCalledTimes(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('do not change while frozen, and catch up at once when thawed', () => {
    jest.useFakeTimers();
    try {
      const sync = jest.fn();
      const rules = lateRules({ lag: 60, minPeriodMs: 1_000, random: () => 0, sync });
      rules.freeze();
      rules.changed();
      jest.advanceTimersByTime(10_000);
      expect(sync).not.toHaveBeenCalled();
      rules.thaw();
      expect(sync).toHaveBeenCalledTimes(1);
      rules.freeze();
      rules.thaw();
      expect(sync).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('are as late as measured: 13 to 199 ms, half of them within 57 ms', () => {
    const random = createRandom(1);
    const lags = Array.from({ length: 10_000 }, () => drawMs(RULES_LAG, random)).sort((a, b) => a - b);
    expect(lags[0]).toBeGreaterThanOrEqual(13);
    expect(lags.at(-1)).toBeLessThanOrEqual(199);
    expect(lags[5_000]).toBeGreaterThan(50);
    expect(lags[5_000]).toBeLessThan(65);
  });
});

describe('seeded chance', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 5 }, () => random());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(Math.max(...draw(7))).toBeLessThan(1);
  });
});
