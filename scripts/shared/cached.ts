import type { Clock } from './clock.ts';

/** A cache of one value, so that many proxies share one list call. Errors are not cached. */
export function cached<T>(read: () => Promise<T>, forMs: number, clock: Clock): () => Promise<T> {
  let at = -Infinity;
  let value: Promise<T> | undefined;
  return () => {
    if (value === undefined || clock.now() - at > forMs) {
      at = clock.now();
      value = read();
      value.catch(() => (value = undefined));
    }
    return value;
  };
}
