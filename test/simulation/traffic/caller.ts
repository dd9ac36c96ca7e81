/** Somebody who calls the shop through a proxy, again and again. */
import type { Proxy } from '../mesh/proxy.ts';
import type { Prng } from '../time/prng.ts';
import { sendRequest } from './send-request.ts';
import type { Traffic } from './send-request.ts';

export interface CallerHabits {
  /** Between two requests, on average, in milliseconds. */
  everyMs: number;
  /** How long a request takes, least and most, in milliseconds. */
  workMs: readonly [number, number];
  /** How likely a request has the header `x-beta`. */
  beta: number;
}

export function startCaller(traffic: Traffic, proxy: Proxy, habits: CallerHabits, prng: Prng): void {
  const { timeline } = traffic;
  const call = () => {
    // Its proxy is gone for good: so is whoever called through it.
    if (proxy.isGone) return;
    if (proxy.isLive && !proxy.isFrozen())
      sendRequest(traffic, proxy, {
        isBeta: prng.chance(habits.beta),
        workMs: prng.skewed(...habits.workMs),
      });
    timeline.after(habits.everyMs * prng.between(0.2, 1.8), call);
  };
  timeline.after(habits.everyMs * prng.next(), call);
}
