import { setMaxListeners } from 'node:events';
import { messageOf } from '../../../shared/errors.ts';
import { NotOffered, type Behaviour } from './behaviour.ts';
import type { Target } from './target.ts';

export interface Outcome {
  behaviour: Behaviour;
  result: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  reason?: string;
  ms: number;
}

export interface SuiteOptions {
  behaviours: readonly Behaviour[];
  /** How many run side by side. */
  parallel: number;
  signal: AbortSignal;
  /** Told as each ends. */
  onOutcome?: (outcome: Outcome) => void;
}

/** No behaviour takes longer on a cluster that works. */
const LONGEST_MS = 240_000;

/**
 * Runs every behaviour, several side by side. One that fails does not stop the others; an abort stops all.
 */
export async function runSuite(
  target: Target,
  { behaviours, parallel, signal, onOutcome }: SuiteOptions,
): Promise<Outcome[]> {
  // One listener per behaviour that runs.
  setMaxListeners(Infinity, signal);
  const outcomes: Outcome[] = [];
  const waiting = behaviours.map((behaviour, index) => ({ behaviour, id: `c${index + 1}` }));
  // A function: the signal changes while somebody waits.
  const isOver = (): boolean => signal.aborted;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !isOver(); next = waiting.shift()) {
      const outcome = await runOne(target, next.behaviour, next.id, signal);
      if (isOver()) return;
      outcomes.push(outcome);
      onOutcome?.(outcome);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  signal.throwIfAborted();
  return outcomes;
}

async function runOne(
  target: Target,
  behaviour: Behaviour,
  id: string,
  signal: AbortSignal,
): Promise<Outcome> {
  if (behaviour.needs === 'istio' && !target.hasIstio) {
    return { behaviour, result: 'skipped', reason: 'there is no Istio on this cluster', ms: 0 };
  }
  const started = performance.now();
  const ms = (): number => Math.round(performance.now() - started);
  const over = new AbortController();
  // Each request, wait and watch of the behaviour hangs on it, and lets go by itself.
  setMaxListeners(Infinity, over.signal);
  const stop = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const late = setTimeout(() => over.abort(new Error('took too long')), LONGEST_MS);
  const base = target.kit(id, over.signal);
  const kit = behaviour.needs === 'istio' ? base.in(base.meshNamespace ?? base.namespace) : base;
  try {
    await behaviour.run(kit);
    return { behaviour, result: 'passed', ms: ms() };
  } catch (error) {
    const result = error instanceof NotOffered ? 'skipped' : 'failed';
    return { behaviour, result, reason: messageOf(error), ms: ms() };
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
    await kit.cleanUp();
  }
}
