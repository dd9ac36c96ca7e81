import type { Probe } from '../pod-types.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';
export type ProbeResult = 'unknown' | 'success' | 'failure';

/**
 * Turns single checks into a verdict: only a row of the same outcome, as long as its threshold, changes it.
 */
export interface ProbeCounter {
  readonly result: ProbeResult;
  /** Counts one check; returns true when the verdict changed by it. */
  count(passed: boolean): boolean;
}

/**
 * Initial verdicts as the kubelet's (prober/worker.go): not ready
 * until proven, alive until disproven, startup open.
 */
export function createProbeCounter(kind: ProbeKind, probe: Probe): ProbeCounter {
  let result: ProbeResult = kind === 'readiness' ? 'failure' : kind === 'liveness' ? 'success' : 'unknown';
  let last: boolean | undefined;
  let run = 0;
  return {
    get result() {
      return result;
    },
    count(passed) {
      run = passed === last ? run + 1 : 1;
      last = passed;
      const threshold = passed ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
      if (run < threshold) return false;
      const verdict = passed ? 'success' : 'failure';
      const changed = verdict !== result;
      result = verdict;
      return changed;
    },
  };
}
