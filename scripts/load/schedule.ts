/**
 * Open loop: request i is due at i / qps seconds, whatever became of the requests before it. A closed loop
 * waits for answers, and so stops sending exactly while the service is down ("coordinated omission").
 */
export interface Schedule {
  /** How many requests are due `elapsedMs` after the start. */
  dueAfter(elapsedMs: number): number;
  /** When request `index` (from 0) is due, in milliseconds after the start. */
  dueMs(index: number): number;
}

/** @param total at most so many requests, `Infinity` for a run that is stopped from outside */
export function createSchedule(qps: number, total: number): Schedule {
  return {
    dueAfter: (elapsedMs) => (elapsedMs < 0 ? 0 : Math.min(total, Math.floor((elapsedMs * qps) / 1000) + 1)),
    dueMs: (index) => (index * 1000) / qps,
  };
}
