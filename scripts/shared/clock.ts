/** The clock that waits and measurements use: the machine's, or a simulation's. */
export interface Clock {
  /** Milliseconds since a fixed point; never goes back. */
  now(): number;
  /** The wall clock, for times that others read. */
  date(): Date;
  /** Calls back once after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Runs work with a deadline: its signal is aborted after `ms` milliseconds. The timer is always cleared. */
export async function withTimeout<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = clock.after(ms, () =>
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
  );
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}
