import type { Lane } from '../../page/run-view.ts';
import type { StepsClock } from '../../steps-clock.ts';

interface Part {
  fromMs: number;
  endedMs?: number;
  text: string;
  failed: boolean;
}

export interface StepLanes {
  begin(name: string, atMs?: number): void;
  /** Progress of the running step. */
  progress(text: string): void;
  end(detail: string, options?: { failed?: boolean; atMs?: number }): void;
  /** Ends the running steps: their process has exited. */
  cut(text: string): void;
  /** The running step and its last progress. */
  current(): string;
  clear(): void;
  lanes(): Lane[];
}

/** A lane per step; when a second run of the same release repeats a step, it continues the lane. */
export function createStepLanes(now: () => number): StepLanes {
  const steps = new Map<string, Part[]>();
  let running: { name: string; part: Part } | undefined;
  const finish = (text: string, failed: boolean, atMs = now()): void => {
    if (running) Object.assign(running.part, { endedMs: atMs, text, failed });
    running = undefined;
  };
  return {
    begin(name, atMs = now()) {
      const part = { fromMs: atMs, text: '', failed: false };
      steps.set(name, [...(steps.get(name) ?? []), part]);
      running = { name, part };
    },
    progress(text) {
      if (running) running.part.text = text;
    },
    end: (detail, { failed = false, atMs } = {}) => finish(detail, failed, atMs),
    cut: (text) => finish(text, true),
    current: () => (running ? [running.name, running.part.text].filter(Boolean).join(': ') : ''),
    clear() {
      steps.clear();
      running = undefined;
    },
    lanes: () =>
      [...steps].map(([name, parts]) => ({
        name,
        segments: parts.map(({ fromMs, endedMs, text, failed }) => ({
          fromMs,
          toMs: endedMs ?? now(),
          label: text,
          colour: failed ? 'ended' : 'step',
          striped: endedMs === undefined,
        })),
      })),
  };
}

/** The clock that the demo's releases tell of their steps. */
export function stepsClockOf(lanes: StepLanes): StepsClock {
  const begin = (name: string): ((detail?: string) => void) => {
    lanes.begin(name);
    return (detail = 'done') => lanes.end(detail);
  };
  return {
    steps: [],
    current: () => [],
    begin,
    async step(name, work) {
      const end = begin(name);
      try {
        const result = await work();
        end();
        return result;
      } catch (error) {
        lanes.cut('failed');
        throw error;
      }
    },
  };
}
