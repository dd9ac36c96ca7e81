import type { Random } from '../network/random.ts';

/** A distribution by four of its quantiles, in milliseconds. */
export interface Quantiles {
  minMs: number;
  medianMs: number;
  p95Ms: number;
  maxMs: number;
}

/** How late a change of configuration becomes effective at a proxy. */
export interface MeshDelays {
  /** istiod waits until this long nothing has changed (PILOT_DEBOUNCE_AFTER) ... */
  debounceMs: number;
  /** ... but never longer than this (PILOT_DEBOUNCE_MAX). */
  debounceMaxMs: number;
  /** From the end of the wait until the fastest proxy has the configuration: drawn once per push. */
  push: Quantiles;
  /** How much later than the fastest each single proxy is: drawn per push and proxy. */
  spread: Quantiles;
  /**
   * From a new cluster's arrival until its endpoints arrive, which the
   * proxy asks for by itself: drawn per push and proxy.
   */
  warming: Quantiles;
  /** From a change until istiod has written the status of Gateway API's objects. */
  status: Quantiles;
}

/**
 * As measured on Kubernetes 1.36, Istio 1.31-dev and Envoy 1.40 with 6 proxies: route visible after
 * 131/146/199/314 ms at the fastest proxy (of which about 8 ms API call and 100 ms debounce), 4/16/35/105 ms
 * later at the slowest; a new subset's endpoints 3/20/60/100 ms after its cluster; an HTTPRoute's
 * status 32/74/195/233 ms after its write, of which some 8 ms are the API call's.
 */
export const MEASURED_DELAYS: MeshDelays = {
  debounceMs: 100,
  debounceMaxMs: 10_000,
  push: { minMs: 22, medianMs: 37, p95Ms: 90, maxMs: 200 },
  spread: { minMs: 0, medianMs: 8, p95Ms: 28, maxMs: 90 },
  warming: { minMs: 3, medianMs: 20, p95Ms: 60, maxMs: 100 },
  status: { minMs: 32, medianMs: 74, p95Ms: 195, maxMs: 233 },
};

/** A value of the distribution, in milliseconds: straight lines between the known quantiles. */
export function draw(quantiles: Quantiles, random: Random): number {
  const at = random();
  const { minMs, medianMs, p95Ms, maxMs } = quantiles;
  if (at < 0.5) return minMs + (medianMs - minMs) * (at / 0.5);
  if (at < 0.95) return medianMs + (p95Ms - medianMs) * ((at - 0.5) / 0.45);
  return p95Ms + (maxMs - p95Ms) * ((at - 0.95) / 0.05);
}
