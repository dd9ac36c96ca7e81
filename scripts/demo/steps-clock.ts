import type { ReleaseStep } from './result.ts';

/** Writes down when each step of a release ran, in milliseconds of the clock it is given. */
export function createStepsClock(now: () => number, onStep: (name: string) => void) {
  const steps: ReleaseStep[] = [];
  return {
    steps,
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      onStep(name);
      const atMs = now();
      try {
        return await work();
      } finally {
        steps.push({ name, atMs: Math.round(atMs), durationMs: Math.round(now() - atMs) });
      }
    },
  };
}
