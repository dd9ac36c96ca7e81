import type { Clock } from '../../services/shared/clock.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, waking whoever waits at the moment they asked for, in order. */
  advance(ms: number): Promise<void>;
}

export function createManualClock(): ManualClock {
  let time = 1_000_000;
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => time,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: time + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          resolve();
        });
      }),
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const [next] = sleepers.toSorted((a, b) => a.at - b.at);
        if (!next || next.at > end) break;
        sleepers = sleepers.filter((other) => other !== next);
        time = Math.max(time, next.at);
        next.wake();
        await settle();
      }
      time = end;
    },
  };
}

/** Lets every promise that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
