import type { Patience } from './prover.ts';
import type { SwitchContext } from '../types.ts';

/** How long a step's proof may take, and who hears of its progress. */
export function patience({ stepTimeoutMs, signal, reporter, clock }: SwitchContext): Patience {
  return { deadlineMs: stepTimeoutMs, signal, clock, onProgress: (text) => reporter.progress(text) };
}
