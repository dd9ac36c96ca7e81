/**
 * One process that runs the switch: it can be killed, and it can stand
 * still. Whatever reaches it comes through here.
 */
import type { Clock } from '../../../scripts/shared/clock.ts';
import type { Timeline } from '../time/timeline.ts';

export interface OperatorProcess {
  readonly name: string;
  readonly clock: Clock;
  /** False once it was killed. */
  isAlive(): boolean;
  isFrozen(): boolean;
  /**
   * Runs `heard` in the process in `ms` milliseconds: never when it
   * was killed by then, later when it stands still.
   */
  deliver(ms: number, heard: () => void): () => void;
  /** SIGKILL: not one of its promises goes on. What it has sent may still arrive. */
  kill(): void;
  /**
   * It stands still for `ms` milliseconds. While the whole machine
   * sleeps, its monotonic clock stands still too.
   */
  freeze(ms: number, machineSleeps: boolean): void;
  /** Hears before each delivery: each is a point where it can be killed. */
  onDelivery(listener: () => void): void;
  /**
   * Asked before each write is sent, but for the renewals by the
   * clock. It may make the process stand still, and the write wait.
   */
  beforeWrite: ((isOfLease: boolean) => void) | undefined;
}

/** The wall clock at the beginning of the simulation. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export function createProcess(timeline: Timeline, name: string): OperatorProcess {
  let isAlive = true;
  let frozenUntil = 0;
  let sleptMs = 0;
  const listeners: (() => void)[] = [];

  function deliver(ms: number, heard: () => void): () => void {
    let isCancelled = false;
    let cancel = timeline.after(ms, arrive);
    function arrive(): void {
      if (!isAlive || isCancelled) return;
      if (frozenUntil > timeline.now()) {
        cancel = timeline.after(frozenUntil - timeline.now(), arrive);
        return;
      }
      for (const listener of listeners) listener();
      if (frozenUntil > timeline.now()) arrive();
      if (!self.isAlive() || frozenUntil > timeline.now()) return;
      timeline.wake();
      heard();
    }
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  const self: OperatorProcess = {
    name,
    clock: {
      now: () => timeline.now() - sleptMs,
      date: () => new Date(EPOCH_MS + timeline.now()),
      after: (ms, callback) => deliver(ms, callback),
    },
    isAlive: () => isAlive,
    isFrozen: () => frozenUntil > timeline.now(),
    deliver,
    kill() {
      isAlive = false;
    },
    freeze(ms, machineSleeps) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + ms);
      if (machineSleeps) sleptMs += ms;
    },
    beforeWrite: undefined,
    onDelivery: (listener) => void listeners.push(listener),
  };
  return self;
}
