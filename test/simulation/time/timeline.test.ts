import { describe, expect, it } from '@jest/globals';
import { createTimeline } from './timeline.ts';

describe('virtual time', () => {
  it('runs events in the order of their moments, and of one moment in the order they were planned', async () => {
    const timeline = createTimeline();
    const told: string[] = [];
    const tell = (what: string) => () => void told.push(`${what} ${timeline.now()}`);
    timeline.after(20, tell('late'));
    timeline.after(10, tell('first'));
    timeline.after(10, tell('second'));
    await timeline.run(() => told.length === 3);
    expect(told).toEqual(['first 10', 'second 10', 'late 20']);
  });

  it('lets whoever waits for a promise go on before the next event', async () => {
    const timeline = createTimeline();
    const told: string[] = [];
    const { promise, resolve } = deferred();
    void promise.then(async () => {
      await Promise.resolve();
      told.push(`heard ${timeline.now()}`);
    });
    timeline.after(1, () => {
      resolve(undefined);
      timeline.wake();
    });
    timeline.after(2, () => void told.push('next'));
    await timeline.run(() => told.length === 2);
    expect(told).toEqual(['heard 1', 'next']);
  });

  it('forgets an event that is cancelled', async () => {
    const timeline = createTimeline();
    const told: string[] = [];
    timeline.after(1, () => void told.push('cancelled'))();
    timeline.after(2, () => void told.push('kept'));
    await timeline.run(() => told.length > 0);
    expect(told).toEqual(['kept']);
  });

  it('says so when nothing is left to happen', async () => {
    await expect(createTimeline().run(() => false)).rejects.toThrow('nothing is left to happen at 0 ms');
  });
});

function deferred() {
  let resolve: (value: undefined) => void = () => undefined;
  const promise = new Promise<undefined>((settle) => (resolve = settle));
  return { promise, resolve };
}
