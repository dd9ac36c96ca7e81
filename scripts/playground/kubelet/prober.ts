import type { Probe } from '../pod-types.ts';
import type { CheckResult } from './check-result.ts';
import { createProbeCounter, type ProbeKind, type ProbeResult } from './probe-counter.ts';

/** Runs one probe of one running container: first at its start, then every period. */
export interface Prober {
  readonly result: ProbeResult;
  /** Probes now instead of at the next tick. */
  trigger(): void;
  stop(): void;
}

export interface ProberOptions {
  kind: ProbeKind;
  probe: Probe;
  /** One check; must not throw. */
  check: (probe: Probe, timeoutMs: number) => Promise<CheckResult>;
  /** While this is false (the startup probe has not passed) nothing is checked or counted. */
  enabled: () => boolean;
  onResult: (result: ProbeResult) => void;
  onFailure: (output: string) => void;
  /**
   * Start of the worker, ms since epoch: the kubelet's ticker runs
   * from when it saw the pod, not from the container's start.
   */
  tickerFrom: number;
}

export function startProber({
  kind,
  probe,
  check,
  enabled,
  onResult,
  onFailure,
  tickerFrom,
}: ProberOptions): Prober {
  const counter = createProbeCounter(kind, probe);
  const periodMs = (probe.periodSeconds ?? 10) * 1_000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000;
  const startedAt = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let checking = false;

  async function tick(): Promise<void> {
    if (enabled() && Date.now() - startedAt >= (probe.initialDelaySeconds ?? 0) * 1_000) {
      checking = true;
      const { passed, output } = await check(probe, timeoutMs);
      checking = false;
      if (isStopped()) return;
      if (!passed) onFailure(output);
      if (counter.count(passed)) onResult(counter.result);
    }
    if (isStopped()) return;
    const sinceTicker = Date.now() - tickerFrom;
    timer = setTimeout(() => void tick(), periodMs - (sinceTicker % periodMs));
  }

  // A function, because the verdict of a check may stop the prober itself.
  const isStopped = (): boolean => stopped;

  void tick();
  return {
    get result() {
      return counter.result;
    },
    trigger() {
      if (stopped || checking) return;
      clearTimeout(timer);
      void tick();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
