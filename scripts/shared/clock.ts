/** Time, as it is handed to whatever waits or measures: the machine's, or a simulation's. */
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

/** Work that is told to stop after `ms` milliseconds: its signal is aborted then. No timer outlives it. */
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
