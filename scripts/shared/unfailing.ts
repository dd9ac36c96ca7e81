/** Listeners (a terminal, a journal, a page) hear of a run; none of them decides over it. */

/**
 * The same listener, except that none of its methods fails, whether it throws or answers a promise that rejects. `onFirstFailure` is told
 * the first time; the listener is told of everything further on, since a full disk may have room again.
 */
export function unfailing<T extends object>(listener: T, onFirstFailure: (error: unknown) => void): T {
  let hasFailed = false;
  const failed = (error: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    try {
      onFirstFailure(error);
    } catch {
      // The one who would have said so cannot either.
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
