import type { EventEmitter } from 'node:events';

/** Takes what a listener threw. Must not throw itself. */
export type OnFault = (error: unknown) => void;

/**
 * Hands whatever a listener of this emitter throws, now or later added, to `onFault` instead of ending the
 * process. An `error` that nobody listens to counts as thrown.
 */
export function guardEmitter(emitter: EventEmitter, onFault: OnFault): void {
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      return emit(event, ...args);
    } catch (error) {
      onFault(error);
      return true;
    }
  };
}

/** Warns with the stack: a defect must be seen, though it costs one connection only. */
export function warnOfFault(where: string, error: unknown): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${where} failed and was cut off: ${what}`, 'ListenerFault');
}
