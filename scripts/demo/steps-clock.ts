import type { ReleaseStep } from './result.ts';

/** Records when each step of a release ran. */
export interface StepsClock {
  steps: ReleaseStep[];
  /** Finished steps, and the running ones up to now. */
  current: () => ReleaseStep[];
  /** A step begins; it ends when the returned function is called. */
  begin: (name: string) => (detail?: string) => void;
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

/**
 * @param now milliseconds on the clock of the load
 * @param onStep called when a step begins
 */
export function createStepsClock(now: () => number, onStep: (name: string) => void): StepsClock {
  const steps: ReleaseStep[] = [];
  const running = new Set<Pick<ReleaseStep, 'name' | 'atMs'>>();
  const begin = (name: string): ((detail?: string) => void) => {
    onStep(name);
    const atMs = now();
    const step = { name, atMs: Math.round(atMs) };
    running.add(step);
    return (detail) => {
      running.delete(step);
      const durationMs = Math.round(now() - atMs);
      steps.push({ name, atMs: Math.round(atMs), durationMs, ...(detail ? { detail } : {}) });
    };
  };
  return {
    steps,
    current: () => [
      ...steps,
      ...[...running].map((step) => ({ ...step, durationMs: Math.round(now() - step.atMs) })),
    ],
    begin,
    async step(name, work) {
      const end = begin(name);
      try {
        return await work();
      } finally {
        end();
      }
    },
  };
}
