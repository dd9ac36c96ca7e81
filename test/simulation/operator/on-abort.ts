import { setMaxListeners } from 'node:events';

const seen = new WeakSet<AbortSignal>();

/**
 * Calls back when the signal is aborted; gives what takes that back.
 * Many calls wait on one run's signal: that is no leak.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (!seen.has(signal)) {
    seen.add(signal);
    setMaxListeners(Infinity, signal);
  }
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}
