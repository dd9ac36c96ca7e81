import type { DemoSettings } from '../settings.ts';

/**
 * Estimated duration of a run in milliseconds, from its parameters:
 * playground and set-up, warming up, the release and the lag.
 */
export function estimateRunMs(
  lagMs: number,
  { loadMs, warmUpMs, tailMs }: Omit<DemoSettings, 'lagMs'>,
): number {
  return 6_000 + Math.max(loadMs, warmUpMs + 10_000 + lagMs + tailMs);
}

/** Corrects the estimate by the finished runs. */
export function createRemaining() {
  let estimated = 0;
  let took = 0;
  return {
    done(estimateMs: number, tookMs: number): void {
      estimated += estimateMs;
      took += tookMs;
    },
    /** @param estimatesMs of the runs still to come */
    leftMs: (estimatesMs: number[]): number =>
      estimatesMs.reduce((sum, ms) => sum + ms, 0) * (estimated === 0 ? 1 : took / estimated),
  };
}
