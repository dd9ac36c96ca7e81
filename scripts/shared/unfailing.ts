/** Listeners (a terminal, a journal, a page) observe a run and must not end it. */

/**
 * Wraps a listener so that none of its methods throws or rejects. `onFirstFailure` is called for the first
 * error. The listener is still called afterwards, since a full disk may have room again.
 */
export function unfailing<T extends object>(listener: T, onFirstFailure: (error: unknown) => void): T {
  let hasFailed = false;
  const failed = (error: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    try {
      onFirstFailure(error);
    } catch {
      // Ignored: `onFirstFailure` has failed itself.
    }
  };
  return new Proxy(listener, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...heard: unknown[]): unknown => {
        try {
          const answer: unknown = Reflect.apply(method, target, heard);
          return answer instanceof Promise ? answer.catch(failed) : answer;
        } catch (error) {
          failed(error);
          return undefined;
        }
      };
    },
  });
}
