import { afterEach, describe, expect, it } from '@jest/globals';
import { guardRealTime } from './real-time-guard.ts';
import type { RealTimeGuard } from './real-time-guard.ts';

let guard: RealTimeGuard | undefined;
afterEach(() => guard?.lift());

describe('the guard of real time', () => {
  it.each([
    ['setTimeout', () => setTimeout(() => undefined, 1)],
    ['performance.now', () => performance.now()],
    ['Date.now', () => Date.now()],
    ['Math.random', () => Math.random()],
    ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
  ])('refuses %s, and remembers that it was asked for', (name, use) => {
    guard = guardRealTime();
    expect(use).toThrow('the simulation has no');
    expect(guard.uses).toHaveLength(1);
    expect(guard.uses[0]).toContain(name.split('.').at(-1));
  });

  it('gives everything back', () => {
    guardRealTime().lift();
    expect(performance.now()).toBeGreaterThan(0);
    expect(Math.random()).toBeLessThan(1);
    clearTimeout(setTimeout(() => undefined, 1));
  });
});
