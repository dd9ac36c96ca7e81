import type { Clock } from './clock.ts';

/** A cache of one value: many proxies ask at once for what one list call tells all of them. An error is not kept. */
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
