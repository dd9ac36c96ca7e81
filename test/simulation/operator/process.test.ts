import { describe, expect, it } from '@jest/globals';
import { createTimeline } from '../time/timeline.ts';
import { createProcess } from './process.ts';

describe('the process of an operator', () => {
  it('never goes on once it was killed', async () => {
    const timeline = createTimeline();
    const process = createProcess(timeline, 'operator');
    const told: string[] = [];
    process.clock.after(10, () => void told.push('its timer'));
    timeline.after(5, () => process.kill());
    timeline.after(20, () => void told.push('the world'));
    await timeline.run(() => told.length > 0);
    expect(told).toEqual(['the world']);
  });

  it('hears after it stood still what came meanwhile, in order', async () => {
    const timeline = createTimeline();
    const process = createProcess(timeline, 'operator');
    const told: string[] = [];
    process.clock.after(10, () => void told.push(`first ${timeline.now()}`));
    process.clock.after(12, () => void told.push(`second ${timeline.now()}`));
    timeline.after(5, () => process.freeze(100, false));
    await timeline.run(() => told.length === 2);
    expect(told).toEqual(['first 105', 'second 105']);
    expect(process.clock.now()).toBe(105);
  });

  it('has a monotonic clock that stands still while its machine sleeps, and a wall clock that does not', async () => {
    const timeline = createTimeline();
    const process = createProcess(timeline, 'operator');
    const before = process.clock.date().getTime();
    let isAwake = false;
    timeline.after(5, () => process.freeze(100, true));
    process.clock.after(10, () => (isAwake = true));
    await timeline.run(() => isAwake);
    expect(process.clock.now()).toBe(5);
    expect(process.clock.date().getTime() - before).toBe(105);
  });
});
